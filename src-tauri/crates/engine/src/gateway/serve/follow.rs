//! The version that answers, and the look whether another one should.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use proofmark_contract::ErrorCode;
use proofmark_domain::release::is_alias;
use proofmark_domain::{Digest, Timestamp};
use proofmark_registry::registry::Wanted;
use proofmark_registry::{Registry, Watch};
use proofmark_scoring::{Limits, Model};

use super::kept::{Kept, Shelf, digest_of};
use super::onnx_below;
use super::standing::{Newer, Standing};
use crate::trouble::{Answer, Trouble, io_trouble};
use crate::{Engine, lock};

/// A version that does not verify or load is tried again after this long, and the registry is read again though no name in it is new.
const AGAIN: Duration = Duration::from_secs(60);

/// A version that answers.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) model: Model,
    pub(super) version: String,
    pub(super) digest: Digest,
    pub(super) verified_at: Option<Timestamp>,
    /// Names of the columns of its only input, where that is a matrix and they are known.
    pub(super) columns: Option<Vec<String>>,
}

impl Loaded {
    fn of(bytes: &[u8], version: String, verified_at: Option<Timestamp>, columns: &[String]) -> Answer<Self> {
        let model = Model::from_bytes(bytes, &Limits::default())?;
        let columns = match model.width() {
            Some(width) if !columns.is_empty() && columns.len() != width => {
                let message = format!("The model takes {width} columns, and {} are named.", columns.len());
                return Err(Trouble::new(ErrorCode::InvalidRequest, message));
            }
            Some(_) if !columns.is_empty() => Some(columns.to_vec()),
            Some(width) => model.columns().filter(|it| it.len() == width && width > 1),
            None => None,
        };
        Ok(Self { model, version, digest: digest_of(bytes), verified_at, columns })
    }
}

/// Where the model comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// A file, loaded once.
    File(PathBuf),
    /// A version or an alias of the attached registry, in a folder or a bucket.
    Registry(Wanted, String),
}

impl Source {
    /// Of what a person wrote: a file where there is one, or the name ends as one does; else a name in the registry.
    pub(super) fn of(text: &str) -> Answer<Self> {
        let path = PathBuf::from(text);
        if path.is_file() || text.to_lowercase().ends_with(".onnx") {
            return Ok(Self::File(path));
        }
        Ok(Self::Registry(text.parse()?, text.to_owned()))
    }

    /// Whether what answers can become another: a number and a file stay what they are.
    pub(super) const fn may_change(&self) -> bool {
        matches!(self, Self::Registry(..))
    }
}

/// What answers now, and how it stands. Shared by those who answer and the one who looks for newer versions.
#[derive(Debug)]
pub(in crate::gateway) struct Following {
    current: RwLock<Arc<Loaded>>,
    standing: Mutex<Standing>,
    name: String,
}

impl Following {
    pub(in crate::gateway) fn name(&self) -> &str {
        &self.name
    }

    /// The version that answers now.
    pub(in crate::gateway) fn current_version(&self) -> String {
        self.current().version.clone()
    }

    /// What answers now. Whoever holds it is not disturbed when another version takes over.
    pub(super) fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn standing(&self) -> Standing {
        lock(&self.standing).clone()
    }

    fn change(&self, with: impl FnOnce(&mut Standing)) {
        let mut standing = lock(&self.standing);
        with(&mut standing);
        standing.say();
    }
}

/// Looks whether another version should answer.
pub(super) struct Follower {
    engine: Engine,
    source: Source,
    following: Arc<Following>,
    registry: Option<Arc<Registry>>,
    shelf: Option<Shelf>,
    columns: Vec<String>,
    /// The version that did not take over, and when it was last tried.
    failed: Option<(u64, Instant)>,
    /// Whether what answers is the kept copy, and the registry has not shown yet that its own still verifies.
    from_shelf: bool,
    /// The pulse of the registry when it was last read, and when that was.
    looked: Option<(u64, Instant)>,
}

/// The name of the folder that keeps the copy of what is asked for: another one for everything else, on every system.
fn folder_of(wanted: &Wanted) -> Answer<String> {
    Ok(match wanted {
        Wanted::Version(model, version) => format!("{model}#{version}"),
        Wanted::Alias(model, alias) if is_alias(alias) => format!("{model}@{alias}"),
        Wanted::Alias(_, alias) => {
            return Err(Trouble::new(ErrorCode::InvalidRequest, format!("`{alias}` is no name of an alias.")));
        }
        Wanted::Latest(model) => model.to_string(),
    })
}

impl Follower {
    /// Loads what is to answer first.
    ///
    /// # Errors
    /// If it does not verify or load, and nothing that did is kept.
    pub(super) fn start(engine: Engine, source: Source, name: Option<&str>, columns: Vec<String>) -> Answer<Self> {
        let now = engine.now();
        let mut problem = None;
        let mut newer = None;
        let mut failed = None;
        let mut from_shelf = false;
        let mut registry = None;
        let mut shelf = None;
        let (loaded, usual, of) = match &source {
            Source::File(path) => {
                let limit = Limits::default().file;
                let size = fs::metadata(path).map_err(|error| io_trouble("reading", path, &error))?.len();
                if size > limit {
                    let message = format!("{} is larger than the {limit} bytes that are loaded.", path.display());
                    return Err(Trouble::new(ErrorCode::InvalidRequest, message));
                }
                let bytes = fs::read(path).map_err(|error| io_trouble("reading", path, &error))?;
                let version = digest_of(&bytes).hex();
                let stem = path.file_stem().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
                (Loaded::of(&bytes, version, None, &columns)?, stem, path.to_string_lossy().into_owned())
            }
            Source::Registry(wanted, text) => {
                let attachment = engine.attached()?;
                let folder = engine.home().folder().join("serving").join(attachment.id.to_string());
                let place = Shelf::at(folder.join(folder_of(wanted)?))?;
                let opened = engine
                    .open_attached(&attachment)
                    .and_then(|registry| Ok((registry.find(wanted)?.1, registry)))
                    .map_err(|trouble| (None, trouble));
                let fetched = opened.and_then(|(version, opened)| {
                    let loaded = fetch(&engine, &opened, wanted, version, (&place, &columns));
                    registry = Some(opened);
                    loaded.map_err(|trouble| (Some(version), trouble))
                });
                let loaded = match fetched {
                    Ok(loaded) => loaded,
                    Err((found, trouble)) => {
                        let Some((bytes, kept)) = place.take() else { return Err(trouble) };
                        match found {
                            Some(version) => {
                                failed = Some((version, Instant::now()));
                                let problem = trouble.0.message;
                                newer = Some(Newer { version: version.to_string(), problem, since: now });
                            }
                            None => problem = Some(trouble.0.message),
                        }
                        from_shelf = true;
                        Loaded::of(&bytes, kept.version, Some(kept.verified_at), &columns)?
                    }
                };
                shelf = Some(place);
                let (Wanted::Version(model, _) | Wanted::Alias(model, _) | Wanted::Latest(model)) = wanted;
                (loaded, model.as_str().to_owned(), text.clone())
            }
        };
        let name = name.unwrap_or(&usual).to_owned();
        if name.is_empty() || name.contains(['/', '?', '#', ' ', '%']) {
            let message = format!("`{name}` cannot stand in a path, so no client could ask for it.");
            return Err(Trouble::new(ErrorCode::InvalidRequest, message).hint("Name it with --name."));
        }
        let mut standing = Standing {
            ready: true,
            name: name.clone(),
            of,
            version: loaded.version.clone(),
            digest: format!("sha256:{}", loaded.digest.hex()),
            verified_at: loaded.verified_at,
            loaded_at: now,
            reloads: 0,
            newer,
            registry_problem: problem,
            withdrawn: false,
            sentence: String::new(),
        };
        standing.say();
        let following = Following { current: RwLock::new(Arc::new(loaded)), standing: Mutex::new(standing), name };
        let following = Arc::new(following);
        Ok(Self { engine, source, following, registry, shelf, columns, failed, from_shelf, looked: None })
    }

    pub(super) fn following(&self) -> Arc<Following> {
        Arc::clone(&self.following)
    }

    /// Looks once where the alias points, and lets another version take over if it verifies and loads.
    pub(super) fn look(&mut self) {
        let problem = self.look_at_registry().err().map(|trouble| trouble.0.message);
        if problem.is_some() {
            // A share that came back is opened anew.
            self.registry = None;
            self.looked = None;
        }
        self.following.change(|standing| standing.registry_problem = problem);
    }

    fn look_at_registry(&mut self) -> Answer<()> {
        let (Source::Registry(wanted, _), Some(shelf)) = (&self.source, &self.shelf) else { return Ok(()) };
        let registry = match self.registry.take() {
            Some(registry) => registry,
            None => self.engine.open_attached(&self.engine.attached()?)?,
        };
        let registry = Arc::clone(self.registry.insert(registry));
        // Before it is read: what comes while it is read is read the next time.
        let pulse = registry.pulse()?;
        if self.looked.is_some_and(|(it, when)| it == pulse && when.elapsed() < AGAIN) {
            return Ok(());
        }
        let state = registry.state()?;
        let (model, version) = registry.find_in(&state, wanted)?;
        self.looked = Some((pulse, Instant::now()));
        let current = self.following.current();
        let is_withdrawn = current
            .version
            .parse::<u64>()
            .ok()
            .and_then(|it| state.versions.get(&model)?.get(&it))
            .is_some_and(|it| it.withdrawn.is_some());
        // The kept copy says nothing about the registry's own bytes, whatever its number.
        if version.to_string() == current.version && !self.from_shelf {
            self.failed = None;
            self.following.change(|standing| {
                standing.newer = None;
                standing.withdrawn = is_withdrawn;
            });
            return Ok(());
        }
        if self.failed.is_some_and(|(it, when)| it == version && when.elapsed() < AGAIN) {
            self.following.change(|standing| standing.withdrawn = is_withdrawn);
            return Ok(());
        }
        let now = self.engine.now();
        match fetch(&self.engine, &registry, wanted, version, (shelf, &self.columns)) {
            Ok(loaded) => {
                let (version, digest) = (loaded.version.clone(), format!("sha256:{}", loaded.digest.hex()));
                let verified_at = loaded.verified_at;
                let is_another = version != current.version;
                *self.following.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
                self.failed = None;
                self.from_shelf = false;
                self.following.change(|standing| {
                    standing.version = version;
                    standing.digest = digest;
                    standing.verified_at = verified_at;
                    standing.loaded_at = now;
                    standing.reloads += u64::from(is_another);
                    standing.newer = None;
                    standing.withdrawn = false;
                });
            }
            Err(trouble) => {
                self.failed = Some((version, Instant::now()));
                self.following.change(|standing| {
                    let version = version.to_string();
                    let since = standing.newer.as_ref().filter(|it| it.version == version).map_or(now, |it| it.since);
                    standing.newer = Some(Newer { version, problem: trouble.0.message, since });
                    standing.withdrawn = is_withdrawn;
                });
            }
        }
        Ok(())
    }
}

/// Verifies a version, copies it out, loads it, and keeps a copy of the file that answers.
fn fetch(
    engine: &Engine,
    registry: &Registry,
    wanted: &Wanted,
    version: u64,
    (shelf, columns): (&Shelf, &[String]),
) -> Answer<Loaded> {
    let (Wanted::Version(model, _) | Wanted::Alias(model, _) | Wanted::Latest(model)) = wanted;
    let staging = shelf.staging();
    // By its number: where the alias points may change between the look and the copy.
    let fetched = registry.fetch(&Wanted::Version(model.clone(), version), &staging, &mut Watch::silent());
    let loaded = fetched.map_err(Trouble::from).and_then(|_| {
        let path = onnx_below(&staging.join("model"))?;
        let bytes = fs::read(&path).map_err(|error| io_trouble("reading", &path, &error))?;
        let verified_at = engine.now();
        let loaded = Loaded::of(&bytes, version.to_string(), Some(verified_at), columns)?;
        shelf.keep(&bytes, &Kept { version: version.to_string(), digest: loaded.digest, verified_at })?;
        Ok(loaded)
    });
    // What cannot be taken away now is taken away later.
    let _ = fs::remove_dir_all(&staging);
    loaded
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_asked_for_is_kept_apart() {
        let asked = ["credit@production", "credit-production", "credit", "credit/1", "credit@one", "credit-1"];
        let folders: BTreeSet<String> = asked.iter().map(|it| folder_of(&it.parse().unwrap()).unwrap()).collect();
        assert_eq!(folders.len(), asked.len(), "{folders:?}");
        let is_fine = |it: &String| !it.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']);
        assert!(folders.iter().all(is_fine), "{folders:?}");
        assert!(folder_of(&"credit@..\\..\\x".parse().unwrap()).is_err());
    }
}
