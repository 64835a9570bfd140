//! What names and endings suggest. Asked only when the content fits more than one answer.

use proofmark_domain::artifact::ArtifactKind;

use super::Classified;

/// Languages by ending, with their media types.
const LANGUAGES: &[(&str, &str)] = &[
    ("py", "text/x-python"),
    ("pyw", "text/x-python"),
    ("pyi", "text/x-python"),
    ("pyx", "text/x-cython"),
    ("r", "text/x-r"),
    ("rmd", "text/x-r-markdown"),
    ("qmd", "text/x-quarto"),
    ("sql", "application/sql"),
    ("sh", "application/x-sh"),
    ("bash", "application/x-sh"),
    ("zsh", "application/x-sh"),
    ("ps1", "application/x-powershell"),
    ("bat", "application/x-bat"),
    ("cmd", "application/x-bat"),
    ("scala", "text/x-scala"),
    ("jl", "text/x-julia"),
    ("java", "text/x-java"),
    ("kt", "text/x-kotlin"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
    ("jsx", "text/javascript"),
    ("ts", "text/x-typescript"),
    ("tsx", "text/x-typescript"),
    ("svelte", "text/x-svelte"),
    ("vue", "text/x-vue"),
    ("css", "text/css"),
    ("c", "text/x-c"),
    ("h", "text/x-c"),
    ("cc", "text/x-c++"),
    ("cpp", "text/x-c++"),
    ("hpp", "text/x-c++"),
    ("cu", "text/x-cuda"),
    ("rs", "text/x-rust"),
    ("go", "text/x-go"),
    ("rb", "text/x-ruby"),
    ("pl", "text/x-perl"),
    ("lua", "text/x-lua"),
    ("sas", "text/x-sas"),
    ("do", "text/x-stata"),
    ("m", "text/x-matlab"),
    ("cs", "text/x-csharp"),
    ("f90", "text/x-fortran"),
    ("stan", "text/x-stan"),
    ("smk", "text/x-snakemake"),
    ("nf", "text/x-nextflow"),
];

/// Endings of text that describes settings, with their media types.
const SETTINGS: &[(&str, &str)] = &[
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("toml", "application/toml"),
    ("ini", "text/x-ini"),
    ("cfg", "text/x-ini"),
    ("conf", "text/x-ini"),
    ("properties", "text/x-java-properties"),
    ("env", "text/x-dotenv"),
    ("xml", "application/xml"),
    ("dvc", "application/yaml"),
    ("lock", "text/plain"),
    ("json5", "application/json5"),
    ("hcl", "text/x-hcl"),
    ("tf", "text/x-hcl"),
    ("proto", "text/x-protobuf"),
];

/// Endings of text that people read, with their media types.
const DOCUMENTS: &[(&str, &str)] = &[
    ("md", "text/markdown"),
    ("markdown", "text/markdown"),
    ("rst", "text/x-rst"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("tex", "text/x-tex"),
    ("bib", "text/x-bibtex"),
    ("adoc", "text/asciidoc"),
];

/// Endings of tables in text.
const TABLES: &[&str] = &["csv", "tsv", "tab", "psv", "ssv"];

/// Endings of data that is not text.
const DATA: &[&str] = &[
    "parquet",
    "pq",
    "feather",
    "arrow",
    "ipc",
    "orc",
    "avro",
    "npy",
    "npz",
    "h5ad",
    "hdf",
    "hdf5",
    "xlsx",
    "xls",
    "ods",
    "sqlite",
    "db",
    "duckdb",
    "jsonl",
    "ndjson",
    "tfrecord",
    "tfrecords",
    "mat",
    "sav",
    "dta",
    "sas7bdat",
    "xpt",
    "rds",
    "rdata",
    "arff",
    "libsvm",
    "svmlight",
    "geojson",
    "nc",
    "zarr",
    "dat",
    "data",
];

/// Endings of models.
const MODELS: &[&str] = &[
    "pkl",
    "pickle",
    "joblib",
    "onnx",
    "pt",
    "pth",
    "ckpt",
    "safetensors",
    "gguf",
    "keras",
    "h5",
    "pb",
    "tflite",
    "cbm",
    "ubj",
    "pmml",
    "skops",
    "mlmodel",
    "bst",
    "model",
    "dill",
    "cloudpickle",
];

/// Endings of pictures, which are documents.
const PICTURES: &[&str] =
    &["png", "jpg", "jpeg", "gif", "svg", "bmp", "tif", "tiff", "webp", "ico", "pdf", "docx", "pptx"];

/// Endings of archives.
const ARCHIVES: &[&str] = &["zip", "tar", "tgz", "gz", "bz2", "xz", "7z", "rar", "zst", "lz4", "whl", "jar", "egg"];

fn look_up(list: &[(&str, &'static str)], ending: &str) -> Option<&'static str> {
    list.iter().find(|(known, _)| *known == ending).map(|(_, media)| *media)
}

/// The media type of source code with this ending.
pub fn language(ending: &str) -> Option<&'static str> {
    look_up(LANGUAGES, ending)
}

/// The media type of settings with this ending.
pub fn settings(ending: &str) -> Option<&'static str> {
    look_up(SETTINGS, ending)
}

/// The media type of text for people with this ending.
pub fn document(ending: &str) -> Option<&'static str> {
    look_up(DOCUMENTS, ending)
}

/// Whether the ending promises a table in text.
pub fn is_table(ending: &str) -> bool {
    TABLES.contains(&ending)
}

/// Whether the ending promises a model.
pub fn is_model(ending: &str) -> bool {
    MODELS.contains(&ending)
}

/// Whether the ending promises data, in text or not.
pub fn is_data(ending: &str) -> bool {
    is_table(ending) || DATA.contains(&ending)
}

/// The media type of a file that describes packages, by its name.
pub fn environment(name: &str) -> Option<&'static str> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match name {
        "pipfile" | "poetry.lock" | "uv.lock" | "pdm.lock" | "pylock.toml" | "pyproject.toml" | "pixi.toml"
        | "cargo.toml" | "cargo.lock" | "project.toml" | "manifest.toml" => Some("application/toml"),
        "pipfile.lock" | "package.json" | "package-lock.json" | "renv.lock" => Some("application/json"),
        "environment.yml" | "environment.yaml" | "conda.yaml" | "conda.yml" | "python_env.yaml" | "conda-lock.yml"
        | "pixi.lock" => Some("application/yaml"),
        "dockerfile" | "containerfile" => Some("text/x-dockerfile"),
        "runtime.txt" | ".python-version" | ".tool-versions" => Some("text/plain"),
        _ if name.starts_with("dockerfile.") || name.ends_with(".dockerfile") => Some("text/x-dockerfile"),
        _ if name.ends_with(".txt") && (stem.starts_with("requirements") || stem.ends_with("requirements")) => {
            Some("text/x-python-requirements")
        }
        _ if name.ends_with(".txt") && stem.starts_with("constraints") => Some("text/x-python-requirements"),
        _ => None,
    }
}

/// Whether the name promises measured results.
pub fn is_metrics(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    stem.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        matches!(word, "metric" | "metrics" | "score" | "scores" | "evaluation" | "eval" | "performance" | "results")
    })
}

/// What an empty file would be for.
pub fn kind_of_name(name: &str, ending: &str) -> ArtifactKind {
    if environment(name).is_some() {
        ArtifactKind::Environment
    } else if ending == "ipynb" {
        ArtifactKind::Notebook
    } else if language(ending).is_some() || name == "makefile" || name == "snakefile" {
        ArtifactKind::Code
    } else if is_data(ending) {
        ArtifactKind::Dataset
    } else if is_model(ending) {
        ArtifactKind::Model
    } else if is_metrics(name) && matches!(ending, "json" | "yaml" | "yml") {
        ArtifactKind::Metrics
    } else if settings(ending).is_some() || matches!(ending, "json") || name == "mlmodel" {
        ArtifactKind::Config
    } else if document(ending).is_some() || PICTURES.contains(&ending) || ending == "txt" {
        ArtifactKind::Document
    } else if ARCHIVES.contains(&ending) {
        ArtifactKind::Archive
    } else {
        ArtifactKind::Other
    }
}

/// Bytes that no recogniser knows: only formats without any mark of their own are believed by their ending.
pub fn binary_by_name(ending: &str) -> Classified {
    match ending {
        "tfrecord" | "tfrecords" => Classified::new(ArtifactKind::Dataset, "application/x-tfrecord"),
        _ => Classified::new(ArtifactKind::Other, "application/octet-stream"),
    }
}
