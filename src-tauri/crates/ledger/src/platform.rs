//! What differs between operating systems: rights of new files, and whether a folder is on the network.

use std::io;
use std::path::Path;

/// Creates `folder` and its parents. On Unix only the user may enter the folders that are created here.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Leaves reading and writing of `file` to the user alone. On Windows the profile folder's rights already do.
pub(crate) fn make_private(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// Makes a new or renamed entry of `folder` survive a power cut. Windows has no such call and needs none.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// The name of the network file system that `folder` lies on, or `None` for a local one.
#[cfg(target_os = "linux")]
pub(crate) fn network_file_system(folder: &Path) -> io::Result<Option<String>> {
    let Some(magic) = statfs(folder)?.map(|it| it.f_type as u32) else { return Ok(None) };
    Ok(network_name(magic, || mounted_as(folder)))
}

/// Numbers of `f_type` from `linux/magic.h` and from the file systems' own sources. FUSE has one number for local and
/// remote file systems alike, so `fuse_subtype` is asked what is mounted.
#[cfg(target_os = "linux")]
fn network_name(magic: u32, fuse_subtype: impl FnOnce() -> Option<String>) -> Option<String> {
    const FUSE: u32 = 0x6573_5546;
    let name = match magic {
        0x6969 => "nfs",
        0x517B => "smb",
        0xFF53_4D42 => "cifs",
        0xFE53_4D42 => "smb2",
        0x0102_1997 => "9p",
        0x00C3_6400 => "ceph",
        0x5346_414F | 0x6B41_4653 => "afs",
        0x7375_7245 => "coda",
        0x564C => "ncp",
        0x0BD0_0BD0 => "lustre",
        0x1983_0326 => "beegfs",
        0x0116_1970 => "gfs2",
        0x7461_636F => "ocfs2",
        FUSE => {
            let remote =
                ["sshfs", "s3fs", "gcsfuse", "rclone", "davfs", "glusterfs", "ceph-fuse", "goofys", "mount-s3"];
            let mounted = fuse_subtype()?;
            let subtype = mounted.strip_prefix("fuse.").unwrap_or(&mounted);
            return remote.contains(&subtype).then_some(mounted);
        }
        _ => return None,
    };
    Some(name.to_owned())
}

/// The file system type of the mount that `folder` lies in, by the longest mount point that leads to it.
#[cfg(target_os = "linux")]
fn mounted_as(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let (_, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
            // The kernel writes blanks and backslashes of a mount point as octal.
            let point = point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
            folder.starts_with(&point).then(|| (point.len(), kind.to_owned()))
        })
        // Of two mounts on one point the later one is seen, and `max_by_key` returns the last.
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind)
}

/// The name of the network file system that `folder` lies on, or `None` for a local one.
#[cfg(target_os = "macos")]
pub(crate) fn network_file_system(folder: &Path) -> io::Result<Option<String>> {
    let Some(facts) = statfs(folder)? else { return Ok(None) };
    if facts.f_flags & libc::MNT_LOCAL as u32 != 0 {
        return Ok(None);
    }
    let name: Vec<u8> = facts.f_fstypename.iter().take_while(|it| **it != 0).map(|it| *it as u8).collect();
    Ok(Some(String::from_utf8_lossy(&name).into_owned()))
}

/// The name of the network file system that `folder` lies on, or `None` for a local one. A mapped drive letter counts
/// by where it leads: its canonical path is a UNC path.
#[cfg(windows)]
pub(crate) fn network_file_system(folder: &Path) -> io::Result<Option<String>> {
    use std::path::{Component, Prefix};
    let canonical = folder.canonicalize()?;
    let remote = matches!(
        canonical.components().next(),
        Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
    );
    Ok(remote.then(|| "a network share".to_owned()))
}

/// The name of the network file system that `folder` lies on; not known on this system.
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(crate) fn network_file_system(_folder: &Path) -> io::Result<Option<String>> {
    Ok(None)
}

/// Facts about the file system of `folder`; `None` where the system has no such call.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn statfs(folder: &Path) -> io::Result<Option<libc::statfs>> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = std::ffi::CString::new(folder.as_os_str().as_bytes())?;
    let mut facts = std::mem::MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: `path` ends with NUL and `facts` is writable and of the size that the call expects.
    let answer = unsafe { libc::statfs(path.as_ptr(), facts.as_mut_ptr()) };
    match answer {
        // SAFETY: the call succeeded, so it filled `facts`, which was zeroed before and is plain numbers.
        0 => Ok(Some(unsafe { facts.assume_init() })),
        _ => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Unsupported => Ok(None),
            error => Err(error),
        },
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_is_local() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(network_file_system(folder.path())?, None, "tests run on a local disk");
        Ok(())
    }

    #[test]
    fn network_file_systems_are_told_by_number_and_fuse_by_name() {
        let of = |magic, fuse: &str| network_name(magic, || Some(fuse.to_owned()));
        assert_eq!(of(0x6969, "").as_deref(), Some("nfs"), "NFS_SUPER_MAGIC");
        assert_eq!(of(0xFF53_4D42, "").as_deref(), Some("cifs"), "CIFS_SUPER_MAGIC");
        assert_eq!(of(0xEF53, ""), None, "ext4 is local");
        assert_eq!(of(0x6573_5546, "fuse.sshfs").as_deref(), Some("fuse.sshfs"), "remote through FUSE");
        assert_eq!(of(0x6573_5546, "fuseblk"), None, "NTFS on a local disk goes through FUSE as well");
    }
}
