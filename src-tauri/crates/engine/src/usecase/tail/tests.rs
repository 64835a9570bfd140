#![allow(clippy::unwrap_used)]

use std::fs::OpenOptions;
use std::io::Write;

use super::*;

fn ids(look: &LogTail) -> Vec<&str> {
    look.lines.iter().map(|it| it.request_id.as_deref().unwrap_or(&it.text)).collect()
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn what_is_new_is_told_once_and_a_cut_line_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    append(&path, "{\"request_id\":\"a\",\"status\":200,\"outputs\":{\"prediction\":\"good\"}}\n{\"requ");
    let first = tail(&path, None, 10).unwrap();
    assert_eq!((first.lines.len(), first.lines[0].prediction.as_deref()), (1, Some("good")));
    let after = |look: &LogTail| tail(&path, Some((look.next, Some(&look.mark))), 10).unwrap();
    assert!(after(&first).lines.is_empty());
    append(&path, "est_id\":\"b\",\"status\":503,\"error\":\"busy\"}\n");
    let second = after(&first);
    assert_eq!((second.lines.len(), second.lines[0].status), (1, Some(503)));
    std::fs::write(&path, "{\"id\":\"c\"}\n").unwrap();
    let third = after(&second);
    assert!(third.rotated && ids(&third) == ["c"]);
    assert!(tail(folder.path(), None, 10).is_err(), "a folder has no end");
    std::fs::write(&path, b"PAR1\0\0").unwrap();
    assert!(tail(&path, None, 10).is_err());
}

#[test]
fn a_file_that_took_the_place_is_known_though_it_is_longer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    append(&path, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
    let first = tail(&path, None, 10).unwrap();
    let longer = "{\"id\":\"c\"}\n{\"id\":\"d\"}\n{\"id\":\"e\"}\n";
    // Moved away, or cut and written anew under the same number.
    for moved in [true, false] {
        if moved {
            std::fs::rename(&path, folder.path().join("log.jsonl.1")).unwrap();
        }
        std::fs::write(&path, longer).unwrap();
        let look = tail(&path, Some((first.next, Some(&first.mark))), 10).unwrap();
        assert!(look.rotated, "moved: {moved}");
        assert_eq!(ids(&look), ["c", "d", "e"]);
    }
}

#[test]
fn what_is_too_much_for_one_look_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    append(&path, "{\"id\":\"a\"}\n");
    let first = tail(&path, None, 10).unwrap();
    append(&path, &"{\"id\":\"many\"}\n".repeat(200_000));
    let look = tail(&path, Some((first.next, Some(&first.mark))), 10).unwrap();
    let line = "{\"id\":\"many\"}\n".len() as u64;
    assert_eq!(look.skipped + look.skipped_bytes / line + 10, 200_000);
}

#[test]
fn who_follows_loses_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    append(&path, "old\n");
    let mut follower = Follower::behind(&path, &tail(&path, None, 10).unwrap()).unwrap();
    assert!(follower.look().unwrap().lines.is_empty());
    append(&path, "late 1\nlate 2\ncut o");
    std::fs::rename(&path, folder.path().join("log.jsonl.1")).unwrap();
    assert_eq!(ids(&follower.look().unwrap()), ["late 1", "late 2"], "between two files");
    append(&folder.path().join("log.jsonl.1"), "ff\nlast\nnever ended");
    append(&path, &"new\n".repeat(5));
    assert_eq!(ids(&follower.look().unwrap()), ["cut off", "last"]);
    let look = follower.look().unwrap();
    assert!(look.rotated);
    assert_eq!(ids(&look), ["never ended", "new", "new", "new", "new", "new"]);
    // Cut and written anew, longer than before.
    std::fs::write(&path, "again\n".repeat(7)).unwrap();
    let look = follower.look().unwrap();
    assert!(look.rotated && look.lines.len() == 7, "{look:?}");
    assert!(follower.look().unwrap().lines.is_empty());
    let mut lines = 0;
    append(&path, &format!("{{\"id\":\"{}\"}}\n", "x".repeat(300)).repeat(20_000));
    loop {
        let look = follower.look().unwrap();
        if look.lines.is_empty() {
            break;
        }
        lines += look.lines.len();
    }
    assert_eq!(lines, 20_000, "more than one look takes");
}
