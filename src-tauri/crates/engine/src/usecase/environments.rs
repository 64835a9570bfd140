//! In which environment something was made: every source that tells is asked, and each package keeps the name of the surest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proofmark_contract::view::*;
use proofmark_domain::artifact::{ArtifactKind, RelPath};
use proofmark_domain::counts::counted;
use proofmark_domain::environment::{Environment, Interpreter, package_differences};
use proofmark_domain::id::RunId;
use proofmark_domain::model::ModelFacts;
use proofmark_domain::project::Project;
use proofmark_domain::{Basis, Confidence};
use proofmark_intake::environment::{self as known, declared, normal_name};
use proofmark_ledger::ReportKind;

use super::projects::joined;
use crate::Engine;
use crate::screen::absolute;
use crate::trouble::{Answer, Trouble};

/// Folders in which people keep a virtual environment.
const VIRTUAL: [&str; 4] = [".venv", "venv", "env", ".env"];

/// Files at a project's root that say what it needs, the ones with exact versions first.
const DECLARED: [&str; 12] = [
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock.toml",
    "Pipfile.lock",
    "conda-lock.yml",
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
    "conda.yaml",
    "pyproject.toml",
    "Dockerfile",
];

/// A source with what it says.
struct Said {
    what: String,
    why: String,
    environment: Environment,
}

impl Engine {
    /// The environment of a run, a model, a file, a virtual environment, or of the project as it stands now.
    ///
    /// # Errors
    /// If there is no such project or thing.
    pub fn environment_show(&self, request: EnvironmentRef) -> Answer<EnvironmentView> {
        let project = self.project(request.project)?;
        let (title, said) = self.sources_of(&project, request.of.trim())?;
        Ok(answer(title, said))
    }

    /// How two environments differ.
    ///
    /// # Errors
    /// If one of them is not there, or nothing is known about it.
    pub fn environment_compare(&self, request: EnvironmentPair) -> Answer<EnvironmentDifference> {
        let (before, after) = (self.environment_show(request.before)?, self.environment_show(request.after)?);
        let of = |view: &EnvironmentView| {
            view.environment
                .clone()
                .ok_or_else(|| Trouble::not_found(format!("environment of {}: nothing tells about it", view.title)))
        };
        let (one, other) = (of(&before)?, of(&after)?);
        let packages = package_differences(&one, &other);
        let same = one.packages.iter().filter(|(name, version)| other.packages.get(*name) == Some(version)).count();
        let text = |it: &str| Some(it.to_owned()).filter(|it| !it.is_empty());
        let python = |it: &Environment| it.interpreter.as_ref().and_then(|it| text(&it.version));
        let gpus = |it: &Environment| text(&it.gpus.join(", "));
        let all = [
            ("python", python(&one), python(&other)),
            ("system", text(&one.system), text(&other.system)),
            ("architecture", text(&one.architecture), text(&other.architecture)),
            ("cpu", one.cpu.clone(), other.cpu.clone()),
            ("gpus", gpus(&one), gpus(&other)),
        ];
        let facts: Vec<EnvironmentFact> = all
            .into_iter()
            .filter(|(_, before, after)| before != after)
            .map(|(name, before, after)| EnvironmentFact { name: name.to_owned(), before, after })
            .collect();
        let sentence = if packages.is_empty() && facts.is_empty() {
            format!("{} and {} are the same, as far as is known.", before.title, after.title)
        } else {
            format!(
                "{} and {} between {} and {}; {} the same in both.",
                counted(packages.len() as u64, "package differs", "packages differ"),
                counted(facts.len() as u64, "other fact", "other facts"),
                before.title,
                after.title,
                counted(same as u64, "package is", "packages are"),
            )
        };
        Ok(EnvironmentDifference {
            sentence,
            before: before.title,
            after: after.title,
            facts,
            packages,
            same: same as u64,
        })
    }

    /// An environment as the text of `requirements.txt` or `environment.yml`. Only exact versions are written.
    ///
    /// # Errors
    /// If nothing is known about it.
    pub fn environment_text(&self, request: EnvironmentExport) -> Answer<EnvironmentText> {
        let view = self.environment_show(request.environment)?;
        let environment = view
            .environment
            .ok_or_else(|| Trouble::not_found(format!("environment of {}: nothing tells about it", view.title)))?;
        let (exact, other): (Vec<_>, Vec<_>) = environment.packages.iter().partition(|(_, version)| is_exact(version));
        let left_out: Vec<String> = other.iter().map(|(name, version)| format!("{name}{version}")).collect();
        let python = environment.interpreter.as_ref().map(|it| it.version.as_str()).filter(|it| is_exact(it));
        let mut text = format!("# {}\n", view.sentence);
        let name = match request.format {
            EnvironmentFormat::Requirements => {
                if let Some(python) = python {
                    text.push_str(&format!("# Python {python}\n"));
                }
                for (name, version) in &exact {
                    text.push_str(&format!("{name}=={version}\n"));
                }
                "requirements.txt"
            }
            EnvironmentFormat::Conda => {
                text.push_str("channels:\n  - conda-forge\ndependencies:\n");
                if let Some(python) = python {
                    text.push_str(&format!("  - python={python}\n"));
                }
                // Names and versions are those of pip, which conda does not always share.
                text.push_str("  - pip\n  - pip:\n");
                for (name, version) in &exact {
                    text.push_str(&format!("      - {name}=={version}\n"));
                }
                "environment.yml"
            }
        };
        Ok(EnvironmentText { name: name.to_owned(), text, left_out })
    }

    fn sources_of(&self, project: &Project, of: &str) -> Answer<(String, Vec<Said>)> {
        let root = Path::new(&project.root);
        if of.is_empty() || of == "." {
            let mut said = installed(root, None);
            said.extend(asked_for(root, None));
            return Ok((project.name.clone(), said));
        }
        if let Ok(id) = of.parse::<RunId>() {
            let run = self.run(id)?;
            let mut said = self.of_run(&run)?;
            if said.is_empty() {
                said = installed(root, None);
                said.extend(asked_for(root, None));
            }
            return Ok((format!("run {}", run.name), said));
        }
        let path = RelPath::new(of);
        let place = absolute(project, &path)?;
        if place.is_dir() {
            let python = python_in(&place)
                .ok_or_else(|| Trouble::not_found(format!("Python in {of}")).hint("Name a virtual environment."))?;
            let said =
                of_python(&python, &path, Basis::Observed, Confidence::CERTAIN, "what is installed in it".to_owned());
            return Ok((of.to_owned(), said.into_iter().collect()));
        }
        let name = path.file_name();
        if declared::describes_environment(name) {
            let read = declared::of_file(&place)
                .ok_or_else(|| Trouble::not_found(format!("readable file {of}")))?
                .into_environment();
            let why = "the file itself".to_owned();
            return Ok((of.to_owned(), vec![Said { what: of.to_owned(), why, environment: read }]));
        }
        self.of_model(project, &path)
    }

    fn of_run(&self, run: &proofmark_domain::run::Run) -> Answer<Vec<Said>> {
        let Some(digest) = &run.environment_digest else { return Ok(Vec::new()) };
        let found = self.ledger().read::<_, Trouble>(|read| Ok(read.environments().by_digest(digest)?))?;
        Ok(found
            .map(|environment| {
                let why = match environment.basis {
                    Basis::Observed => "seen when the run began".to_owned(),
                    _ => format!("recorded with the run, in {}", joined(&environment.evidence)),
                };
                Said { what: format!("run {}", run.name), why, environment }
            })
            .into_iter()
            .collect())
    }

    /// A model: the runs that wrote it, what the file says, what lies beside it, and then what the project has and asks for,
    /// believed the more the better it fits what the model itself says.
    fn of_model(&self, project: &Project, path: &RelPath) -> Answer<(String, Vec<Said>)> {
        let root = Path::new(&project.root);
        let facts = self.file(project, path)?.facts;
        let mut said = Vec::new();
        let (wrote, model) = self.ledger().read::<_, Trouble>(|read| {
            let model = read.reports().newest_exact::<ModelFacts>(
                ReportKind::ModelFacts,
                &facts.digest,
                None,
                crate::screen::MODEL_VERSION,
            );
            // A report that says why the file could not be read is no facts about it.
            Ok((read.runs().that_wrote(&facts.digest)?, model.ok().flatten().map(|it| it.body)))
        })?;
        for run in wrote.iter().filter(|run| run.project == project.id) {
            said.extend(self.of_run(run)?);
        }
        let own = model.as_ref().and_then(|model| of_model_file(path, model));
        let beside = beside_model(root, path);
        let anchor = own.as_ref().or(beside.as_ref()).map(|it| it.environment.clone());
        said.extend(own);
        said.extend(beside);
        if facts.kind == ArtifactKind::Notebook {
            said.extend(of_notebook(root, path));
        }
        said.extend(installed(root, anchor.as_ref()));
        said.extend(asked_for(root, anchor.as_ref()));
        Ok((path.as_str().to_owned(), said))
    }
}

/// What a model file says about where it was made.
fn of_model_file(path: &RelPath, model: &ModelFacts) -> Option<Said> {
    let packages: BTreeMap<String, String> =
        model.environment.packages.iter().map(|(name, version)| (normal_name(name), version.clone())).collect();
    if packages.is_empty() && model.environment.python.is_none() {
        return None;
    }
    let environment =
        of_parts(model.environment.python.clone(), packages, Basis::Declared, 0.95, vec![path.file_name().to_owned()]);
    Some(Said { what: path.as_str().to_owned(), why: "the model file says so itself".to_owned(), environment })
}

/// The files that MLflow puts beside a model.
fn beside_model(root: &Path, path: &RelPath) -> Option<Said> {
    let folder = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    let names = ["MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"];
    // Some flavours keep the payload one folder below.
    let place = [folder, folder.rsplit_once('/').map_or("", |(above, _)| above)]
        .iter()
        .map(|it| root.join(it))
        .find(|it| it.join("MLmodel").is_file())?;
    let files: Vec<PathBuf> = names.iter().map(|name| place.join(name)).filter(|it| it.is_file()).collect();
    let environment = declared::of_files(&files)?.into_environment();
    let why = format!("written beside the model: {}", joined(&environment.evidence));
    Some(Said { what: folder.to_owned(), why, environment })
}

/// The version of Python that a notebook's kernel had.
fn of_notebook(root: &Path, path: &RelPath) -> Option<Said> {
    let text = std::fs::read_to_string(root.join(path.as_str())).ok()?;
    let document: serde_json::Value = serde_json::from_str(&text).ok()?;
    let version = document.pointer("/metadata/language_info/version")?.as_str()?.to_owned();
    let environment = of_parts(Some(version), BTreeMap::new(), Basis::Declared, 0.9, vec![path.file_name().to_owned()]);
    Some(Said { what: path.as_str().to_owned(), why: "the kernel of the notebook".to_owned(), environment })
}

/// The project's virtual environments as they are now.
fn installed(root: &Path, anchor: Option<&Environment>) -> Vec<Said> {
    let found = VIRTUAL.iter().filter_map(|name| Some((RelPath::from(*name), python_in(&root.join(name))?)));
    found
        .filter_map(|(path, python)| {
            let said = of_python(&python, &path, Basis::Inferred, Confidence::clamped(0.5), String::new())?;
            Some(weighed(said, anchor, 0.5, "the virtual environment of the project, as it is now"))
        })
        .collect()
}

/// What the project asks for.
fn asked_for(root: &Path, anchor: Option<&Environment>) -> Vec<Said> {
    let found = DECLARED.iter().map(|name| (*name, root.join(name))).filter(|(_, path)| path.is_file());
    found
        .filter_map(|(name, path)| {
            let read = declared::of_file(&path)?;
            if read.packages.is_empty() && read.python.is_none() {
                return None;
            }
            let (words, base) = if read.is_locked {
                ("a lock file of the project, as it is now", 0.5)
            } else {
                ("what the project asks for, as it is now", 0.3)
            };
            let mut environment = read.into_environment();
            environment.basis = Basis::Inferred;
            Some(weighed(Said { what: name.to_owned(), why: String::new(), environment }, anchor, base, words))
        })
        .collect()
}

/// Believes a source more if it agrees with what the model itself says, and hardly if it does not.
fn weighed(mut said: Said, anchor: Option<&Environment>, base: f64, words: &str) -> Said {
    let shared: Vec<(&String, bool)> = anchor
        .into_iter()
        .flat_map(|it| &it.packages)
        .filter(|(_, version)| is_exact(version))
        .filter_map(|(name, version)| Some((name, said.environment.packages.get(name)? == version)))
        .collect();
    let agree = shared.iter().filter(|(_, same)| *same).count();
    let confidence = if shared.is_empty() {
        base
    } else if agree == shared.len() {
        0.8_f64.max(base)
    } else {
        0.1 + 0.3 * agree as f64 / shared.len() as f64
    };
    said.why = if shared.is_empty() {
        words.to_owned()
    } else if agree == shared.len() {
        format!("{words}; it has the versions that the model names")
    } else {
        let differ: Vec<String> =
            shared.iter().filter(|(_, same)| !same).map(|(name, _)| (*name).clone()).take(3).collect();
        format!("{words}; it has another version of {} than the model names", joined(&differ))
    };
    said.environment.confidence = Confidence::clamped(confidence);
    said
}

fn python_in(folder: &Path) -> Option<PathBuf> {
    ["bin/python", "bin/python3", "Scripts/python.exe"].iter().map(|it| folder.join(it)).find(|it| it.is_file())
}

fn of_python(python: &Path, path: &RelPath, basis: Basis, confidence: Confidence, why: String) -> Option<Said> {
    let facts = known::of_python(python).ok()?;
    let mut environment = known::environment(Some(&facts), &known::machine(), basis, confidence);
    environment.evidence = vec![path.as_str().to_owned()];
    Some(Said { what: path.as_str().to_owned(), why, environment })
}

fn of_parts(
    python: Option<String>,
    packages: BTreeMap<String, String>,
    basis: Basis,
    confidence: f64,
    evidence: Vec<String>,
) -> Environment {
    let interpreter = python.map(|version| Interpreter { name: "Python".to_owned(), version, path: String::new() });
    Environment {
        digest: known::digest_of(interpreter.as_ref().map(|it| it.version.as_str()), &packages, "", ""),
        interpreter,
        packages,
        system: String::new(),
        architecture: String::new(),
        cpu: None,
        gpus: Vec::new(),
        basis,
        confidence: Confidence::clamped(confidence),
        evidence,
    }
}

/// A version, and no condition on versions.
fn is_exact(version: &str) -> bool {
    version.starts_with(|c: char| c.is_alphanumeric())
}

/// Puts the sources together, the surest first.
fn answer(title: String, mut said: Vec<Said>) -> EnvironmentView {
    said.sort_by(|a, b| {
        let strength = |it: &Said| (it.environment.confidence.get(), std::cmp::Reverse(it.environment.basis));
        strength(b).partial_cmp(&strength(a)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut packages: BTreeMap<String, PackageView> = BTreeMap::new();
    for source in &said {
        for (name, version) in &source.environment.packages {
            let new = || PackageView {
                name: name.clone(),
                version: version.clone(),
                basis: source.environment.basis,
                confidence: source.environment.confidence,
                from: source.what.clone(),
                elsewhere: Vec::new(),
            };
            match packages.get_mut(name) {
                None => {
                    packages.insert(name.clone(), new());
                }
                // A version says more than a condition, if the condition comes from no surer kind of source.
                Some(known)
                    if !is_exact(&known.version) && is_exact(version) && known.basis >= source.environment.basis =>
                {
                    *known = new();
                }
                Some(known) if known.version != *version => {
                    known.elsewhere.push(format!("{}: {version}", source.what));
                }
                Some(_) => {}
            }
        }
    }
    let merged = said.first().map(|first| {
        let with = |pick: fn(&Environment) -> bool| said.iter().map(|it| &it.environment).find(|it| pick(it));
        let interpreter = with(|it| it.interpreter.is_some()).and_then(|it| it.interpreter.clone());
        let machine = with(|it| !it.system.is_empty());
        let versions: BTreeMap<String, String> =
            packages.values().map(|it| (it.name.clone(), it.version.clone())).collect();
        let (system, architecture) = machine.map(|it| (it.system.clone(), it.architecture.clone())).unwrap_or_default();
        Environment {
            digest: known::digest_of(
                interpreter.as_ref().map(|it| it.version.as_str()),
                &versions,
                &system,
                &architecture,
            ),
            interpreter,
            packages: versions,
            system,
            architecture,
            cpu: machine.and_then(|it| it.cpu.clone()),
            gpus: machine.map(|it| it.gpus.clone()).unwrap_or_default(),
            basis: first.environment.basis,
            confidence: first.environment.confidence,
            evidence: said.iter().map(|it| it.what.clone()).collect(),
        }
    });
    let sources: Vec<EnvironmentSource> = said
        .iter()
        .map(|it| EnvironmentSource {
            what: it.what.clone(),
            basis: it.environment.basis,
            confidence: it.environment.confidence,
            python: it.environment.interpreter.as_ref().map(|it| it.version.clone()),
            packages: it.environment.packages.len() as u64,
            why: it.why.clone(),
        })
        .collect();
    let sentence = sentence(&title, merged.as_ref(), &said);
    EnvironmentView { title, sentence, environment: merged, packages: packages.into_values().collect(), sources }
}

fn sentence(title: &str, merged: Option<&Environment>, said: &[Said]) -> String {
    let (Some(merged), Some(first)) = (merged, said.first()) else {
        return format!(
            "Nothing tells about the environment of {title}. Record a run, or put a lock file into the project."
        );
    };
    let python = merged
        .interpreter
        .as_ref()
        .filter(|it| !it.version.is_empty())
        .map_or_else(|| "Python of unknown version".to_owned(), |it| format!("Python {}", it.version));
    let how = match merged.basis {
        Basis::Observed => "seen there",
        Basis::Declared => "recorded",
        Basis::Matched => "matched",
        Basis::Inferred => "concluded, not recorded",
    };
    format!(
        "{python} with {}, {how}: {} ({:.0} % sure).",
        counted(merged.packages.len() as u64, "package", "packages"),
        first.why,
        merged.confidence.get() * 100.0
    )
}
