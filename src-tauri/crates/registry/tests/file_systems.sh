#!/bin/sh
# Runs the registry's promises on ext4, xfs and btrfs, each in a file mounted through a loop device. Needs root, and the
# programs that make those file systems; one that is missing is passed over and said.
#
#     file_systems.sh TEST-PROGRAM [FILTER…]
#
# TEST-PROGRAM is the compiled `promises` of this crate, as `cargo test --no-run -p proofmark-registry` names it. Every call of the file system:
#
#     file_systems.sh TEST-PROGRAM system_calls --ignored --nocapture
set -eu
program=$(realpath "$1")
shift
room=$(mktemp -d)
failed=""
for kind in ext4 xfs btrfs; do
	maker="mkfs.$kind"
	if ! command -v "$maker" >/dev/null; then
		echo "$kind: not tried, there is no $maker"
		continue
	fi
	image="$room/$kind.img"
	place="$room/$kind"
	truncate -s 400M "$image"
	case $kind in
	ext4) "$maker" -q -F "$image" ;;
	*) "$maker" -q -f "$image" >/dev/null ;;
	esac
	mkdir "$place"
	if ! mount -o loop "$image" "$place"; then
		echo "$kind: not tried, it cannot be mounted here"
		continue
	fi
	if TMPDIR="$place" "$program" "$@" >"$room/$kind.txt" 2>&1; then
		echo "$kind: $(grep '^test result' "$room/$kind.txt")"
		grep '^|' "$room/$kind.txt" || true
	else
		echo "$kind: failed"
		cat "$room/$kind.txt"
		failed="$failed $kind"
	fi
	umount "$place"
done
rm -rf "$room"
[ -z "$failed" ]
