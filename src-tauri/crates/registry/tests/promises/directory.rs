//! What only a directory can do to a registry.

use std::fs;

use proofmark_registry::registry::SourceFile;
use proofmark_registry::{RegistryError, Watch};

use crate::support::{Outcome, Team, assert_whole, churn};

#[cfg(unix)]
#[test]
fn links_are_refused() -> Outcome {
    let team = Team::new()?;
    let link = team.source().join("link");
    std::os::unix::fs::symlink("/etc/passwd", &link)?;
    let mut submission = team.submission("link");
    submission.files.push(SourceFile { path: "link".to_owned(), source: link });
    assert!(team.open()?.submit(&team.ann, &submission, &mut Watch::silent()).is_err(), "a link must be refused");
    Ok(())
}

#[test]
fn a_directory_that_vanishes_is_an_error_and_no_empty_registry() -> Outcome {
    let team = Team::published()?;
    let registry = team.open()?;
    let candidate = team.approved(&registry, "second")?;
    let away = team.room.path().join("away");
    fs::rename(team.dir(), &away)?;
    // What a lost mount leaves behind.
    fs::create_dir(team.dir())?;
    assert!(registry.state().is_err(), "an empty mount point is not an empty registry");
    assert!(registry.publish(&team.ann, candidate, &mut Watch::silent()).is_err(), "nor can it be published to");
    assert_eq!(fs::read_dir(team.dir())?.count(), 0, "and nothing was written into it");
    fs::remove_dir(team.dir())?;
    fs::rename(&away, team.dir())?;
    assert_eq!(registry.publish(&team.ann, candidate, &mut Watch::silent())?, 2, "when it is back, work goes on");
    assert_whole(&team.verify()?, "after the mount came back");
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_read_and_not_written() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    let team = Team::published()?;
    // Permissions do not bind root, so a file in the way of `.staging` stands in for the refusal.
    fs::remove_dir_all(team.dir().join(".staging"))?;
    fs::write(team.dir().join(".staging"), "")?;
    fs::set_permissions(team.dir(), fs::Permissions::from_mode(0o555))?;
    let registry = team.open()?;
    assert_eq!(registry.state()?.versions[&churn()].len(), 1, "it can be read");
    let result = registry.submit(&team.ann, &team.submission("y"), &mut Watch::silent());
    fs::set_permissions(team.dir(), fs::Permissions::from_mode(0o755))?;
    assert!(matches!(result, Err(RegistryError::ReadOnly { .. } | RegistryError::Io { .. })), "{result:?}");
    Ok(())
}
