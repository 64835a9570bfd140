use super::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

struct Tree {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

impl Tree {
    fn new(files: &[&str]) -> Result<Self, io::Error> {
        let folder = tempfile::tempdir()?;
        let root = std::fs::canonicalize(folder.path())?;
        let tree = Self { _folder: folder, root };
        for file in files {
            tree.write(file, "x")?;
        }
        Ok(tree)
    }

    fn write(&self, file: &str, text: &str) -> Result<(), io::Error> {
        let path = self.root.join(file);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)
    }

    fn walk(&self) -> Result<Walk, FileError> {
        walk(&self.root, &WalkOptions::default(), &|| false, &mut |_| {})
    }

    fn under(&self, sub: &str) -> Result<Walk, FileError> {
        walk_under(&self.root, &RelPath::from(sub), &WalkOptions::default(), &|| false, &mut |_| {})
    }
}

fn labels(walk: &Walk) -> Vec<&str> {
    walk.files.iter().map(|file| file.path.as_str()).collect()
}

fn causes(walk: &Walk) -> Vec<(&str, SkipCause)> {
    walk.skipped.iter().map(|skipped| (skipped.path.as_str(), skipped.cause)).collect()
}

#[test]
fn caches_and_installations_are_left_out_and_data_is_not() -> Outcome {
    let tree = Tree::new(&[
        ".git/config",
        ".gitignore",
        ".dvc/cache/files/md5/aa/bb",
        ".dvc/tmp/x",
        ".dvc/config",
        ".venv/lib/x.py",
        "myenv/pyvenv.cfg",
        "myenv/lib/x.py",
        "env/settings.yaml",
        "node_modules/x/index.js",
        "src/__pycache__/x.pyc",
        "src/train.py",
        "src/train.py~",
        "src/.train.py.swp",
        "data/raw.csv",
        "data/.DS_Store",
        "mlruns/0/meta.yaml",
        "mlruns/0/0123456789abcdef0123456789abcdef/meta.yaml",
        "mlruns/0/0123456789abcdef0123456789abcdef/metrics/loss",
        "mlruns/0/0123456789abcdef0123456789abcdef/artifacts/model.pkl",
        "mlruns/models/churn/meta.yaml",
        "mlruns/notes.txt",
        "built/notes.txt",
    ])?;
    tree.write(".gitignore", "data/\n")?;
    tree.write("built/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")?;
    tree.write("kept/CACHEDIR.TAG", "just a name")?;
    assert_eq!(
        labels(&tree.walk()?),
        [
            ".dvc/config",
            ".gitignore",
            "data/raw.csv",
            "env/settings.yaml",
            "kept/CACHEDIR.TAG",
            "mlruns/0/0123456789abcdef0123456789abcdef/artifacts/model.pkl",
            "mlruns/notes.txt",
            "src/train.py",
        ]
    );
    Ok(())
}

#[test]
fn ignore_files_hold_for_their_folder_and_can_bring_back_what_is_built_in() -> Outcome {
    let tree = Tree::new(&[
        "a.tmp",
        "sub/a.tmp",
        "sub/b.tmp",
        "sub/deep/c.tmp",
        "node_modules/x.js",
        "other/node_modules/y.js",
    ])?;
    tree.write(".proofmarkignore", "*.tmp\n!/node_modules\n# a remark\n")?;
    tree.write("sub/.proofmarkignore", "!b.tmp\n/deep/\n")?;
    let found = tree.walk()?;
    assert_eq!(labels(&found), [".proofmarkignore", "node_modules/x.js", "sub/.proofmarkignore", "sub/b.tmp"]);
    assert_eq!(
        labels(&tree.under("sub")?),
        ["sub/.proofmarkignore", "sub/b.tmp"],
        "a part is walked by the same rules"
    );
    assert_eq!(labels(&tree.under("sub/b.tmp")?), ["sub/b.tmp"]);
    assert!(labels(&tree.under("sub/a.tmp")?).is_empty());
    assert!(labels(&tree.under("sub/deep")?).is_empty(), "a part of an ignored folder is ignored");
    assert!(labels(&tree.under("sub/none/x")?).is_empty(), "what is gone has no files");
    assert!(tree.under("../x").is_err(), "a label cannot leave the project");
    Ok(())
}

#[test]
fn a_bad_pattern_is_reported_and_the_others_hold() -> Outcome {
    let tree = Tree::new(&["a.tmp", "b.txt"])?;
    tree.write(".proofmarkignore", "a{b\n*.tmp\n")?;
    let found = tree.walk()?;
    assert_eq!(labels(&found), [".proofmarkignore", "b.txt"]);
    assert_eq!(causes(&found), [(".proofmarkignore", SkipCause::Unreadable)]);
    Ok(())
}

#[test]
fn other_projects_keep_their_files() -> Outcome {
    let tree = Tree::new(&["a.csv", "inner/b.csv"])?;
    let options = WalkOptions { other_roots: vec![tree.root.join("inner")] };
    let found = walk(&tree.root, &options, &|| false, &mut |_| {})?;
    assert_eq!(labels(&found), ["a.csv"]);
    assert_eq!(causes(&found), [("inner", SkipCause::BelongsToOtherProject)]);
    Ok(())
}

#[test]
fn a_walk_can_be_stopped_and_a_missing_root_is_an_error() -> Outcome {
    let tree = Tree::new(&["a.csv"])?;
    let stopped = walk(&tree.root, &WalkOptions::default(), &|| true, &mut |_| {});
    assert!(matches!(stopped, Err(FileError::Cancelled)));
    let missing = walk(&tree.root.join("none"), &WalkOptions::default(), &|| false, &mut |_| {});
    assert!(
        matches!(missing, Err(FileError::RootUnreadable { .. })),
        "an unplugged disk must not look like deleted files"
    );
    Ok(())
}

#[cfg(unix)]
mod unix {
    use std::ffi::{CString, OsStr};
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_only_where_that_adds_something() -> Outcome {
        let outside = Tree::new(&["secret.txt"])?;
        let tree = Tree::new(&["data/a.csv", ".dvc/cache/aa/bb.csv", "deep/er/x.csv"])?;
        symlink("data/a.csv", tree.root.join("link.csv"))?;
        symlink("data", tree.root.join("latest"))?;
        symlink(".dvc/cache/aa", tree.root.join("cached"))?;
        symlink(tree.root.join(".dvc/cache/aa"), tree.root.join("cached_again"))?;
        symlink("../..", tree.root.join("deep/er/up"))?;
        symlink("self", tree.root.join("self"))?;
        symlink("nothing", tree.root.join("broken"))?;
        symlink(&outside.root, tree.root.join("out"))?;
        symlink(outside.root.join("secret.txt"), tree.root.join("out.txt"))?;
        let found = tree.walk()?;
        assert_eq!(labels(&found), ["cached/bb.csv", "data/a.csv", "deep/er/x.csv", "link.csv"]);
        assert_eq!(
            causes(&found),
            [
                ("broken", SkipCause::LinkBroken),
                ("deep/er/up", SkipCause::LinkLoops),
                ("out", SkipCause::LinkLeavesProject),
                ("out.txt", SkipCause::LinkLeavesProject),
                ("self", SkipCause::LinkLoops),
            ]
        );
        let aliases: Vec<&str> = found.aliases.iter().map(|alias| alias.link.as_str()).collect();
        assert_eq!(aliases, ["cached_again", "latest"]);
        assert!(found.files.iter().all(|file| !file.absolute.is_symlink()), "bytes are read from where they lie");
        Ok(())
    }

    #[test]
    fn special_files_are_named_and_never_opened() -> Outcome {
        let tree = Tree::new(&["a.csv"])?;
        let fifo = CString::new(tree.root.join("pipe").as_os_str().as_bytes())?;
        // SAFETY: the pointer is to a NUL-terminated string that outlives the call.
        assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
        let _socket = std::os::unix::net::UnixListener::bind(tree.root.join("socket"))?;
        let found = tree.walk()?;
        assert_eq!(labels(&found), ["a.csv"]);
        assert_eq!(causes(&found), [("pipe", SkipCause::NotARegularFile), ("socket", SkipCause::NotARegularFile)]);
        Ok(())
    }

    #[test]
    fn odd_names_come_through() -> Outcome {
        let tree = Tree::new(&["new\nline.csv", "quote\"<b>.csv", "back\\slash.csv", "\u{202e}vsc.exe"])?;
        std::fs::write(tree.root.join(OsStr::from_bytes(b"caf\xe9.csv")), "x")?;
        let found = tree.walk()?;
        assert_eq!(found.files.len(), 5);
        for file in &found.files {
            assert_eq!(resolve(&tree.root, &file.path)?, file.absolute, "the label leads back to the file");
            assert_eq!(tree.under(file.path.as_str())?.files.len(), 1, "and can be scanned alone");
        }
        Ok(())
    }

    /// Folders nested deeper than a path can be long: what can be opened by path is recorded, the rest is named.
    #[test]
    fn five_thousand_nested_folders_are_walked_as_far_as_paths_reach() -> Outcome {
        let tree = Tree::new(&["top.csv"])?;
        let name = CString::new("d")?;
        let start = CString::new(tree.root.as_os_str().as_bytes())?;
        // SAFETY: every pointer is to a NUL-terminated string that outlives its call, and each descriptor is closed once.
        unsafe {
            let mut folder = libc::open(start.as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC);
            for _ in 0..5_000 {
                assert!(folder >= 0);
                assert_eq!(libc::mkdirat(folder, name.as_ptr(), 0o700), 0);
                let inner = libc::openat(folder, name.as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC);
                libc::close(folder);
                folder = inner;
            }
            libc::close(folder);
        }
        tree.write("z.csv", "x")?;
        let found = tree.walk();
        // The standard library would need 5,000 open folders to remove them.
        let removed = std::process::Command::new("rm").arg("-rf").arg(tree.root.join("d")).status()?;
        let found = found?;
        assert!(removed.success());
        assert_eq!(labels(&found), ["top.csv", "z.csv"]);
        assert_eq!(found.skipped.len(), 1, "one place where the path became too long");
        Ok(())
    }

    /// The superuser may read everything, so the walk runs on a thread that gave that up.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_may_not_be_read_is_named_and_the_rest_goes_on() -> Outcome {
        use std::os::unix::fs::PermissionsExt as _;
        let tree = Tree::new(&["open/a.csv", "closed/b.csv"])?;
        std::fs::set_permissions(&tree.root, std::fs::Permissions::from_mode(0o755))?;
        std::fs::set_permissions(tree.root.join("closed"), std::fs::Permissions::from_mode(0o000))?;
        let found = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    // SAFETY: the raw call changes this thread only and touches no memory. Without privilege it fails,
                    // and then there was none to give up.
                    let _ = unsafe { libc::syscall(libc::SYS_setresuid, 65_534, 65_534, 65_534) };
                    tree.walk()
                })
                .join()
        });
        std::fs::set_permissions(tree.root.join("closed"), std::fs::Permissions::from_mode(0o755))?;
        let found = found.map_err(|_| "the walk panicked")??;
        assert_eq!(labels(&found), ["open/a.csv"]);
        assert_eq!(causes(&found), [("closed", SkipCause::PermissionDenied)]);
        Ok(())
    }
}
