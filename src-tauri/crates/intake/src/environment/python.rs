//! An installed Python: its version and packages, from the files that its installers left.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use proofmark_domain::environment::Interpreter;
use thiserror::Error;

/// A header of package metadata larger than this is not one.
const LARGEST_METADATA: u64 = 512 * 1024;

/// A Python that cannot be described.
#[derive(Debug, Error)]
pub enum PythonError {
    /// There is no such file.
    #[error("there is no Python interpreter at {}", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
}

/// What the files of an installed Python say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonFacts {
    /// The interpreter. An unknown version is the empty text.
    pub interpreter: Interpreter,
    /// Packages by normalised name (PEP 503). An unknown version is the empty text.
    pub packages: BTreeMap<String, String>,
    /// The folders that were read, in the order in which Python would search them.
    pub folders: Vec<PathBuf>,
    /// Whether it is a virtual environment (PEP 405).
    pub is_virtual: bool,
}

/// The name of a package in normalised form (PEP 503): lower case, and a hyphen for every run of `-`, `_` and `.`.
pub fn normal_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for part in name.trim().split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !normal.is_empty() {
            normal.push('-');
        }
        normal.push_str(&part.to_lowercase());
    }
    normal
}

/// Describes the Python whose executable is `interpreter`. Nothing is started.
///
/// # Errors
///
/// [`PythonError::NotFound`] if nothing lies there.
pub fn of_python(interpreter: &Path) -> Result<PythonFacts, PythonError> {
    let not_found = || PythonError::NotFound { path: interpreter.to_owned() };
    let given = std::path::absolute(interpreter).map_err(|_| not_found())?;
    if !given.is_file() {
        return Err(not_found());
    }
    let given = behind_shim(&given).unwrap_or(given);
    let virtual_environment = prefix_of(&given).and_then(|prefix| {
        let settings = std::fs::read_to_string(prefix.join("pyvenv.cfg")).ok()?;
        Some((prefix, settings))
    });
    let mut version = None;
    let mut prefixes = Vec::new();
    let is_virtual = virtual_environment.is_some();
    // The executable of a virtual environment is a link to the one it was made from.
    let real = std::fs::canonicalize(&given).unwrap_or_else(|_| given.clone());
    if let Some((prefix, settings)) = virtual_environment {
        version = setting(&settings, "version").or_else(|| setting(&settings, "version_info"));
        prefixes.push(prefix);
        if setting(&settings, "include-system-site-packages").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            let home = setting(&settings, "home").map(PathBuf::from);
            prefixes.extend(home.and_then(|home| home.parent().map(Path::to_owned)).or_else(|| prefix_of(&real)));
        }
    } else {
        // Both count: /usr/bin/python3 may be a link into another prefix.
        prefixes.extend(prefix_of(&real));
        prefixes.extend(prefix_of(&given).filter(|prefix| !prefixes.contains(prefix)));
    }
    let numbers = minor_version(&real).or_else(|| minor_version(&given));
    let mut folders = Vec::new();
    for prefix in &prefixes {
        folders.extend(package_folders(prefix, numbers.as_deref()));
    }
    let version = version
        .map(|version| version.split_whitespace().next().unwrap_or_default().trim_end_matches(".final.0").to_owned())
        .or_else(|| full_version(&real, numbers.as_deref()))
        .or_else(|| numbers.clone())
        .or_else(|| folders.iter().find_map(|folder| minor_version(folder.parent()?)))
        .unwrap_or_default();
    let mut packages = BTreeMap::new();
    for folder in &folders {
        for (name, version) in packages_in(folder) {
            // The first on the search path is the one that is imported.
            packages.entry(name).or_insert(version);
        }
    }
    let is_pypy = real.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pypy"));
    let name = if is_pypy { "PyPy" } else { "CPython" }.to_owned();
    let path = given.to_string_lossy().into_owned();
    Ok(PythonFacts { interpreter: Interpreter { name, version, path }, packages, folders, is_virtual })
}

/// pyenv puts small scripts on the search path; the file `version` beside them names the Python that they start.
fn behind_shim(path: &Path) -> Option<PathBuf> {
    let shims = path.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "shims"))?;
    let base = shims.parent()?;
    let version = std::fs::read_to_string(base.join("version")).ok()?;
    let version =
        version.split_whitespace().next().filter(|version| !version.contains(['/', '\\']) && *version != "..")?;
    let name = path.file_name()?;
    let real = base.join("versions").join(version).join("bin").join(name);
    real.is_file().then_some(real)
}

/// The folder that holds `bin` or `Scripts`; on Windows an installed Python lies in its prefix itself.
fn prefix_of(interpreter: &Path) -> Option<PathBuf> {
    let folder = interpreter.parent()?;
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase());
    match name.as_deref() {
        Some("bin" | "scripts") => folder.parent().map(Path::to_owned),
        _ => Some(folder.to_owned()),
    }
}

/// A value of pyvenv.cfg, whose lines are `key = value`.
fn setting(text: &str, wanted: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim().eq_ignore_ascii_case(wanted) && !value.trim().is_empty()).then(|| value.trim().to_owned())
    })
}

/// `3.11` from a name such as `python3.11`.
fn minor_version(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let numbers = name.trim_end_matches(".exe").strip_prefix("python").or_else(|| name.strip_prefix("pypy"))?;
    let (major, minor) = numbers.split_once('.')?;
    let minor: String = minor.chars().take_while(char::is_ascii_digit).collect();
    (major.parse::<u8>().is_ok() && !minor.is_empty()).then(|| format!("{major}.{minor}"))
}

/// The full version from the headers that are installed beside the library, or from the name of a folder above.
fn full_version(real: &Path, numbers: Option<&str>) -> Option<String> {
    let prefix = prefix_of(real)?;
    let header = numbers
        .and_then(|numbers| std::fs::read_to_string(prefix.join(format!("include/python{numbers}/patchlevel.h"))).ok());
    let from_header = header.and_then(|text| {
        let line = text.lines().find(|line| line.contains("PY_VERSION ") && line.contains('"'))?;
        line.split('"').nth(1).map(|version| version.trim_end_matches('+').to_owned())
    });
    from_header.or_else(|| {
        // pyenv and uv: …/versions/3.11.7, …/cpython-3.11.7-linux-x86_64-gnu.
        prefix.ancestors().take(2).find_map(|folder| {
            let name = folder.file_name()?.to_string_lossy().into_owned();
            name.split('-').map(str::to_owned).find(|part| {
                part.split('.').count() == 3 && part.split('.').all(|number| number.parse::<u16>().is_ok())
            })
        })
    })
}

/// Where the packages of a prefix lie: PEP 370's and Debian's folders included.
fn package_folders(prefix: &Path, numbers: Option<&str>) -> Vec<PathBuf> {
    let mut candidates = vec![prefix.join("Lib").join("site-packages")];
    for library in ["local/lib", "lib", "lib64"] {
        let library = prefix.join(library);
        let mut versions: Vec<PathBuf> = std::fs::read_dir(&library)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        versions.retain(|path| minor_version(path).is_some_and(|found| numbers.is_none_or(|numbers| found == numbers)));
        versions.sort();
        for version in versions {
            candidates.push(version.join("site-packages"));
            candidates.push(version.join("dist-packages"));
        }
        candidates.push(library.join("python3/dist-packages"));
    }
    // /usr/local belongs to Debian's Python in /usr.
    if prefix == Path::new("/usr")
        && let Some(numbers) = numbers
    {
        candidates.push(PathBuf::from(format!("/usr/local/lib/python{numbers}/dist-packages")));
    }
    let mut seen = Vec::new();
    candidates.retain(|folder| {
        let Ok(real) = std::fs::canonicalize(folder) else { return false };
        let is_new = real.is_dir() && !seen.contains(&real);
        seen.push(real);
        is_new
    });
    candidates
}

/// The packages of one folder, from `*.dist-info` (PEP 376) and `*.egg-info`.
fn packages_in(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<(String, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let file_name = entry.file_name().to_string_lossy().into_owned();
            let (stem, header) = if let Some(stem) = file_name.strip_suffix(".dist-info") {
                (stem, read_start(&path.join("METADATA")))
            } else if let Some(stem) = file_name.strip_suffix(".egg-info") {
                (stem, if path.is_dir() { read_start(&path.join("PKG-INFO")) } else { read_start(&path) })
            } else {
                return None;
            };
            // Without a header, the name of the folder says it: `name-version` or `name-version-py3.11`.
            let mut parts = stem.split('-');
            let (by_name, by_version) = (parts.next().unwrap_or(stem), parts.next().unwrap_or_default());
            let text = header.unwrap_or_default();
            let name = normal_name(&header_value(&text, "Name").unwrap_or_else(|| by_name.to_owned()));
            let version = header_value(&text, "Version").unwrap_or_else(|| by_version.to_owned());
            (!name.is_empty() && !name.starts_with('~')).then_some((name, version))
        })
        .collect();
    found.sort();
    found
}

fn read_start(path: &Path) -> Option<String> {
    let file = crate::files::platform::open_for_reading(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_METADATA).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A value of the header, which ends at the first empty line.
fn header_value(text: &str, wanted: &str) -> Option<String> {
    text.lines().take_while(|line| !line.trim().is_empty()).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.eq_ignore_ascii_case(wanted) && !value.trim().is_empty()).then(|| value.trim().to_owned())
    })
}
