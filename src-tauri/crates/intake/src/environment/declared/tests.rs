use std::path::Path;

use super::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn version<'a>(declared: &'a Declared, name: &str) -> Option<&'a str> {
    declared.packages.get(name)?.version.as_deref()
}

#[test]
fn requirements_are_read_with_all_their_parts() -> Outcome {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("base.txt"), "numpy==1.26.4\n-r requirements.txt\n")?;
    let text = "\u{feff}# a comment\n-r base.txt\n--index-url https://host/simple\n-e ./lib\nPandas[performance, excel]==2.2.3 ; python_version >= \"3.9\"  # why\n\
                scikit_learn>=1.4,<2\nrequests==2.32.3 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\ngit+https://host/x/tool.git@v1.2#egg=tool\n\
                other @ https://host/other-1.0-py3-none-any.whl\ntorch\nbad line here\njinja2==3.*\n";
    let path = folder.path().join("requirements.txt");
    std::fs::write(&path, text)?;
    let declared = of_file(&path).ok_or("not read")?;
    assert_eq!(version(&declared, "numpy"), Some("1.26.4"));
    let pandas = &declared.packages["pandas"];
    assert_eq!(pandas.extras, ["performance", "excel"]);
    assert_eq!(
        (pandas.version.as_deref(), pandas.marker.as_deref()),
        (Some("2.2.3"), Some("python_version >= \"3.9\""))
    );
    assert_eq!(declared.packages["scikit-learn"].specifier, ">=1.4,<2");
    assert_eq!(version(&declared, "requests"), Some("2.32.3"));
    assert_eq!(declared.packages["tool"].source.as_deref(), Some("git+https://host/x/tool.git@v1.2#egg=tool"));
    assert!(
        declared.packages["other"].source.is_some()
            && declared.packages.contains_key("torch")
            && declared.packages.contains_key("lib")
    );
    assert_eq!(version(&declared, "jinja2"), None, "a pattern is no version");
    assert!(!declared.is_locked);
    assert!(declared.problems.iter().any(|it| it.contains("bad line here")), "{:?}", declared.problems);
    assert!(declared.problems.iter().any(|it| it.contains("second time")), "files that include each other end");
    Ok(())
}

#[test]
fn conda_files_are_read_with_the_packages_of_pip() {
    let text = "name: x\nchannels: [conda-forge]\ndependencies:\n- python=3.10.12\n- conda-forge::numpy=1.26.4=py310h0_0\n- scipy>=1.9\n- pip\n- pip:\n  - mlflow==2.22.0\n  - -e .\n";
    let declared = conda::environment(text, Path::new("conda.yaml"));
    assert_eq!(declared.python.as_deref(), Some("3.10.12"));
    assert_eq!((version(&declared, "numpy"), version(&declared, "mlflow")), (Some("1.26.4"), Some("2.22.0")));
    assert_eq!(declared.packages["scipy"].specifier, ">=1.9");
}

#[test]
fn locks_and_projects_are_read() {
    let uv = "version = 1\nrequires-python = \">=3.11\"\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { editable = \".\" }\n[[package]]\nname = \"NumPy\"\nversion = \"2.1.0\"\nsource = { registry = \"https://host/simple\" }\n";
    let declared = locks::toml_lock(uv, Path::new("uv.lock"));
    assert_eq!((version(&declared, "numpy"), declared.packages.len(), declared.is_locked), (Some("2.1.0"), 1, true));
    let poetry = "[[package]]\nname = \"torch\"\nversion = \"2.5.1\"\n[metadata]\npython-versions = \"^3.11\"\n";
    let declared = locks::toml_lock(poetry, Path::new("poetry.lock"));
    assert_eq!((version(&declared, "torch"), declared.python.as_deref()), (Some("2.5.1"), Some("^3.11")));
    let pipfile = r#"{"_meta": {"requires": {"python_version": "3.11"}}, "default": {"six": {"version": "==1.16.0"}}, "develop": {"pytest": {"version": "==8.0"}}}"#;
    let declared = locks::pipfile_lock(pipfile, Path::new("Pipfile.lock"));
    assert_eq!((version(&declared, "six"), declared.packages.len()), (Some("1.16.0"), 1));
    let pyproject = "[project]\nrequires-python = \">=3.10\"\ndependencies = [\"httpx[http2]>=0.27\", \"rich==13.9.4\"]\n[tool.poetry.dependencies]\npython = \"^3.10\"\nattrs = {version = \"==24.2.0\"}\n";
    let declared = project::pyproject(pyproject, Path::new("pyproject.toml"));
    assert_eq!((version(&declared, "rich"), version(&declared, "attrs")), (Some("13.9.4"), Some("24.2.0")));
    assert_eq!(declared.packages["httpx"].extras, ["http2"]);
}

#[test]
fn container_files_are_read() -> Outcome {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("requirements.txt"), "pandas==2.2.3\n")?;
    let text = "ARG V=3.11.7\nFROM node:20 AS ui\nFROM --platform=linux/amd64 python:${V}-slim\n# pip install never\nRUN apt-get update && apt-get install -y git && \\\n    pip install --no-cache-dir -r /app/requirements.txt \"numpy==1.26.4\" && python -m pip install torch==2.5.1\n";
    let path = folder.path().join("Dockerfile");
    std::fs::write(&path, text)?;
    let declared = of_file(&path).ok_or("not read")?;
    assert_eq!(declared.base_image.as_deref(), Some("python:3.11.7-slim"));
    assert_eq!(declared.python.as_deref(), Some("3.11.7"));
    let found: Vec<(&str, Option<&str>)> =
        declared.packages.iter().map(|(name, it)| (name.as_str(), it.version.as_deref())).collect();
    assert_eq!(found, [("numpy", Some("1.26.4")), ("pandas", Some("2.2.3")), ("torch", Some("2.5.1"))]);
    Ok(())
}

#[test]
fn what_cannot_be_read_is_told() {
    for (name, text) in
        [("uv.lock", "[[package"), ("Pipfile.lock", "{"), ("conda.yaml", "a: ["), ("pyproject.toml", "x =")]
    {
        let declared = reader_of(name).map(|read| read(text, Path::new(name)));
        assert!(declared.is_some_and(|it| it.packages.is_empty() && it.problems.len() == 1), "{name}");
    }
}

#[test]
fn files_beside_a_model_make_one_environment() -> Outcome {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write(
        "MLmodel",
        "flavors:\n  python_function: {python_version: 3.10.19}\n  sklearn: {sklearn_version: 1.7.2}\nmlflow_version: 3.4.0\n",
    )?;
    write("python_env.yaml", "python: 3.10.19\nbuild_dependencies: [pip==24]\ndependencies:\n- -r requirements.txt\n")?;
    write("requirements.txt", "mlflow\npandas==2.2.3\n")?;
    let paths: Vec<_> =
        ["requirements.txt", "python_env.yaml", "MLmodel"].iter().map(|it| folder.path().join(it)).collect();
    let environment = of_files(&paths).ok_or("nothing read")?.into_environment();
    assert_eq!(environment.interpreter.map(|it| it.version).as_deref(), Some("3.10.19"));
    let versions: Vec<(&str, &str)> = environment.packages.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(versions, [("mlflow", "3.4.0"), ("pandas", "2.2.3"), ("scikit-learn", "1.7.2")]);
    assert_eq!(environment.evidence.len(), 3);
    Ok(())
}
