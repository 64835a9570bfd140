use std::process::Command;

use super::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A repository made by git itself; `None` where git is not installed.
struct Sample {
    folder: tempfile::TempDir,
}

impl Sample {
    fn new() -> Result<Option<Self>, std::io::Error> {
        if Command::new("git").arg("--version").output().is_err() {
            return Ok(None);
        }
        let sample = Self { folder: tempfile::tempdir()? };
        sample.git(&["init", "-q", "-b", "main"])?;
        Ok(Some(sample))
    }

    fn git(&self, arguments: &[&str]) -> Result<String, std::io::Error> {
        let output = Command::new("git")
            .current_dir(self.folder.path())
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()?;
        if !output.status.success() {
            return Err(std::io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), std::io::Error> {
        let path = self.folder.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, bytes)
    }

    fn commit(&self) -> Result<(), std::io::Error> {
        self.git(&["add", "-A"])?;
        self.git(&["commit", "-q", "-m", "First line\n\nMore"]).map(|_| ())
    }

    fn state(&self) -> Result<RepositoryState, Box<dyn std::error::Error>> {
        Ok(code_state(self.folder.path(), 1 << 20)?.ok_or("no repository was found")?)
    }
}

#[test]
fn a_clean_commit_is_clean_and_named() -> Outcome {
    let Some(sample) = Sample::new()? else { return Ok(()) };
    sample.write("src/train.py", "a\nb\n")?;
    assert_eq!(sample.state()?.commit, None, "before the first commit there is none");
    sample.commit()?;
    sample.write("untracked.txt", "x")?;
    let state = code_state(&sample.folder.path().join("src"), 1000)?.ok_or("no repository")?;
    assert_eq!(state.commit, Some(sample.git(&["rev-parse", "HEAD"])?));
    assert_eq!(state.branch.as_deref(), Some("main"));
    assert_eq!(state.author.as_deref(), Some("Ada <ada@example.org>"));
    assert_eq!(state.summary.as_deref(), Some("First line"));
    assert!(state.committed_at.is_some());
    assert_eq!((state.dirty, state.diff, state.changed.len()), (Some(false), None, 0));
    Ok(())
}

#[test]
fn the_diff_can_be_applied_by_git() -> Outcome {
    let Some(sample) = Sample::new()? else { return Ok(()) };
    let lines: String = (0..100).map(|line| format!("line {line}\n")).collect();
    sample.write("a.py", &lines)?;
    sample.write("gone.py", "x\n")?;
    sample.write("blob.bin", [0u8, 1, 2])?;
    sample.commit()?;
    let changed =
        lines.replace("line 5\n", "line five\n").replace("line 50\n", "").replace("line 99\n", "line 99\nno end");
    sample.write("a.py", &changed)?;
    std::fs::remove_file(sample.folder.path().join("gone.py"))?;
    sample.write("added.py", "new\n")?;
    sample.git(&["add", "added.py"])?;
    let state = sample.state()?;
    assert_eq!(state.dirty, Some(true));
    assert_eq!(state.changed, ["a.py", "added.py", "gone.py"]);
    let diff = state.diff.ok_or("no diff")?;
    for part in [
        "-line 5\n+line five\n",
        "-line 50\n",
        "+no end\n\\ No newline at end of file\n",
        "+++ /dev/null",
        "--- /dev/null",
    ] {
        assert!(diff.contains(part), "{part:?} is missing in\n{diff}");
    }
    // Only the hunks of a.py: the header of git names modes that a comparison by content does not hold.
    let from = diff.find("--- a/a.py").ok_or("no a.py")?;
    let to = diff.find("diff --git a/added.py").ok_or("no added.py")?;
    let patch = sample.folder.path().join(".git/patch");
    std::fs::write(&patch, diff.get(from..to).unwrap_or_default())?;
    sample.git(&["checkout", "-q", "--", "a.py"])?;
    sample.git(&["apply", ".git/patch"])?;
    assert_eq!(std::fs::read_to_string(sample.folder.path().join("a.py"))?, changed);
    Ok(())
}

#[test]
fn same_size_changes_are_seen_and_line_ends_and_large_files_are_not_changes() -> Outcome {
    let Some(sample) = Sample::new()? else { return Ok(()) };
    // SHA-256 of "content".
    let digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
    sample.write("a.py", "x = 1\n")?;
    sample.write("crlf.py", "a\nb\n")?;
    sample.write("large.bin", format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 7\n"))?;
    sample.commit()?;
    sample.write("crlf.py", "a\r\nb\r\n")?;
    sample.write("large.bin", "content")?;
    assert_eq!(sample.state()?.dirty, Some(false), "checked out otherwise, not changed");
    sample.write("a.py", "x = 2\n")?;
    let state = code_state(sample.folder.path(), 60)?.ok_or("no repository")?;
    assert_eq!(state.changed, ["a.py"]);
    assert!(state.diff_is_cut && state.diff.is_some_and(|diff| diff.len() <= 60));
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_hostile_repository_runs_nothing() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(sample) = Sample::new()? else { return Ok(()) };
    sample.write("a.csv", "x\n")?;
    sample.write(".gitattributes", "* filter=evil diff=evil\n")?;
    sample.commit()?;
    let marker = sample.folder.path().join(".git/marker");
    let script = sample.folder.path().join(".git/evil.sh");
    std::fs::write(&script, format!("#!/bin/sh\ntouch '{}'\ncat\n", marker.display()))?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    let script = script.to_string_lossy();
    let config = sample.folder.path().join(".git/config");
    let mut text = std::fs::read_to_string(&config)?;
    text.push_str(&format!(
        "[core]\n\tfsmonitor = {script}\n\thooksPath = {script}\n\tpager = {script}\n\tsshCommand = {script}\n\
         [filter \"evil\"]\n\tclean = {script}\n\tsmudge = {script}\n\tprocess = {script}\n\trequired = true\n\
         [diff]\n\texternal = {script}\n[diff \"evil\"]\n\tcommand = {script}\n\ttextconv = {script}\n\
         [include]\n\tpath = /dev/zero\n"
    ));
    std::fs::write(&config, text.replace("[include]\n\tpath = /dev/zero\n", ""))?;
    sample.write("a.csv", "changed\n")?;
    // The trap works: git itself springs it.
    let _ = sample.git(&["status"]);
    assert!(marker.exists(), "the sample is not hostile");
    std::fs::remove_file(&marker)?;
    std::fs::write(&config, &text)?;
    sample.write("a.csv", "changed again\n")?;
    let state = sample.state()?;
    assert_eq!(state.changed, ["a.csv"], "the state is read all the same");
    assert!(!marker.exists(), "a program of the repository ran");
    Ok(())
}

#[test]
fn no_repository_and_a_damaged_one_are_told_apart() -> Outcome {
    let folder = tempfile::tempdir()?;
    assert_eq!(code_state(folder.path(), 1000)?, None);
    std::fs::create_dir(folder.path().join(".git"))?;
    std::fs::write(folder.path().join(".git/HEAD"), "\u{1}garbage")?;
    assert!(code_state(folder.path(), 1000).is_err());
    let Some(sample) = Sample::new()? else { return Ok(()) };
    sample.write("a.py", "x\n")?;
    sample.commit()?;
    std::fs::write(sample.folder.path().join(".git/index"), "garbage")?;
    let state = sample.state()?;
    assert_eq!((state.dirty, state.commit.is_some()), (None, true), "a damaged index leaves the commit readable");
    Ok(())
}
