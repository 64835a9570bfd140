#![allow(clippy::unwrap_used)]
//! Sources in the styles of real projects, each with the paths and columns that a person would name.

use std::collections::BTreeSet;

use proofmark_domain::artifact::RelPath;

use super::{ProjectModules, SourceFacts, read_notebook, read_source};

const CONFIG: &str = r#"
from pathlib import Path
from loguru import logger
PROJ_ROOT = Path(__file__).resolve().parents[1]
DATA_DIR = PROJ_ROOT / "data"
RAW_DATA_DIR = DATA_DIR / "raw"
PROCESSED_DATA_DIR = DATA_DIR / "processed"
MODELS_DIR = PROJ_ROOT / "models"
"#;

fn facts(text: &str) -> SourceFacts {
    read_source(text, &RelPath::new("train.py"), &ProjectModules::default())
}

fn within(files: &[(&str, &str)], path: &str) -> SourceFacts {
    let project = ProjectModules::new(files.iter().map(|(path, text)| (RelPath::new(*path), *text)));
    let text = files.iter().find(|(other, _)| *other == path).unwrap().1;
    read_source(text, &RelPath::new(path), &project)
}

fn reads(facts: &SourceFacts) -> Vec<&str> {
    facts.reads.iter().map(|found| found.pattern.as_str()).collect()
}

fn writes(facts: &SourceFacts) -> Vec<&str> {
    facts.writes.iter().map(|found| found.pattern.as_str()).collect()
}

#[test]
fn a_plain_script() {
    let found = facts(
        "import pandas as pd\nimport joblib\nfrom sklearn.linear_model import LogisticRegression\n\
         df = pd.read_csv('data/churn.csv', usecols=['age', 'plan', 'churned'])\n\
         df['age_squared'] = df['age'] ** 2\n\
         df = df.rename(columns={'plan': 'tariff'})\n\
         X = df.drop(columns=['churned'])\ny = df['churned']\n\
         model = LogisticRegression(C=0.3).fit(X, y)\njoblib.dump(model, 'models/model.joblib')\n",
    );
    assert_eq!(reads(&found), ["data/churn.csv"]);
    assert_eq!(found.reads[0].line, 4);
    assert_eq!(found.reads[0].call, "pandas.read_csv");
    assert_eq!(found.reads[0].columns, ["age", "plan", "churned"]);
    assert_eq!(writes(&found), ["models/model.joblib"]);
    assert_eq!(found.columns_created, ["age_squared"]);
    assert_eq!(found.columns_dropped, ["churned"]);
    assert_eq!(found.renames.get("plan").map(String::as_str), Some("tariff"));
    assert_eq!(found.target.as_deref(), Some("churned"));
    assert_eq!(found.model_classes, ["sklearn.linear_model.LogisticRegression"]);
}

#[test]
fn the_cookiecutter_layout() {
    let train = r#"
from pathlib import Path
import typer, pickle
import pandas as pd
from churn.config import MODELS_DIR, PROCESSED_DATA_DIR
app = typer.Typer()
@app.command()
def main(
    features_path: Path = PROCESSED_DATA_DIR / "features.csv",
    labels_path: Path = PROCESSED_DATA_DIR / "labels.csv",
    model_path: Path = typer.Option(MODELS_DIR / "model.pkl", help="where"),
):
    X = pd.read_csv(features_path)
    y = pd.read_csv(labels_path)["churned"]
    with open(model_path, "wb") as f:
        pickle.dump(X, f)
if __name__ == "__main__":
    app()
"#;
    let files = [("churn/config.py", CONFIG), ("churn/__init__.py", ""), ("churn/modeling/train.py", train)];
    let found = within(&files, "churn/modeling/train.py");
    assert_eq!(reads(&found), ["data/processed/features.csv", "data/processed/labels.csv"]);
    assert_eq!(writes(&found), ["models/model.pkl"]);
    assert_eq!(found.imports, ["churn/config.py"]);
    assert_eq!(found.target.as_deref(), Some("churned"));
    for import in [
        "from . import config\nimport pandas as pd\npd.read_csv(config.RAW_DATA_DIR / 'a.csv')",
        "import churn.config as c\nimport pandas as pd\npd.read_csv(c.RAW_DATA_DIR / 'a.csv')",
        "import churn.config\nimport pandas as pd\npd.read_csv(churn.config.RAW_DATA_DIR / 'a.csv')",
        "from .config import *\nimport pandas as pd\npd.read_csv(RAW_DATA_DIR / 'a.csv')",
        "from config import RAW_DATA_DIR\nimport pandas as pd\npd.read_csv(str(RAW_DATA_DIR) + '/a.csv')",
    ] {
        let files = [("churn/config.py", CONFIG), ("churn/__init__.py", ""), ("churn/dataset.py", import)];
        assert_eq!(reads(&within(&files, "churn/dataset.py")), ["data/raw/a.csv"], "{import}");
    }
}

#[test]
fn ways_to_spell_a_path() {
    for (code, want) in [
        ("pd.read_csv(f'data/{year}.csv')", "data/*.csv"),
        ("base = 'data'\npd.read_csv(base + '/x.csv')", "data/x.csv"),
        ("base = 'data'\npd.read_csv(f'{base}/x.csv')", "data/x.csv"),
        ("pd.read_csv(os.path.join('data', 'raw', 'x.csv'))", "data/raw/x.csv"),
        ("pd.read_csv(os.path.join(os.path.dirname(__file__), 'x.csv'))", "x.csv"),
        ("pd.read_csv(Path('data') / 'raw' / name)", "data/raw/*"),
        ("pd.read_csv('%s/x_%d.csv' % ('data', n))", "data/x_*.csv"),
        ("pd.read_csv('data/{}.csv'.format('a'))", "data/a.csv"),
        ("pd.read_csv('data/{kind}.csv'.format(kind='a'))", "data/a.csv"),
        ("pd.read_csv(Path('data').joinpath('a', 'b.csv'))", "data/a/b.csv"),
        ("pd.read_csv(filepath_or_buffer='./data/x.csv')", "data/x.csv"),
        ("for f in glob.glob('data/*.csv'):\n    pd.read_csv(f)", "data/*.csv"),
        ("for f in Path('data').glob('*.csv'):\n    pd.read_csv(f)", "data/*.csv"),
        ("c = {'path': 'data/x.csv'}\npd.read_csv(c['path'])", "data/x.csv"),
        ("class Config:\n    PATH = 'data/x.csv'\npd.read_csv(Config.PATH)", "data/x.csv"),
        ("pd.read_csv(os.environ.get('DATA', 'data/x.csv'))", "data/x.csv"),
        (
            "p = argparse.ArgumentParser()\np.add_argument('--in-file', default='data/x.csv')\na = p.parse_args()\npd.read_csv(a.in_file)",
            "data/x.csv",
        ),
        (
            "@click.command()\n@click.option('--src', default='data/x.csv')\ndef main(src):\n    pd.read_csv(src)",
            "data/x.csv",
        ),
        ("def load(name):\n    return pd.read_csv(f'data/{name}.csv')\nload('x')", "data/x.csv"),
        (
            "class L:\n    def __init__(self, root):\n        self.root = root\n    def go(self):\n        return pd.read_csv(self.root + '/x.csv')\nL('data').go()",
            "data/x.csv",
        ),
        ("with open('data/x.csv') as f:\n    rows = f.read()", "data/x.csv"),
        ("Path('data/x.csv').read_text()", "data/x.csv"),
        ("pl.scan_parquet('data/x.parquet')", "data/x.parquet"),
        ("pq.read_table('data/x.parquet')", "data/x.parquet"),
        ("np.load('data/x.npy')", "data/x.npy"),
        ("joblib.load('models/m.joblib')", "models/m.joblib"),
        ("model = pickle.load(open('models/m.pkl', 'rb'))", "models/m.pkl"),
        ("torch.load(Path('models').resolve() / 'm.pt')", "models/m.pt"),
        ("duckdb.sql(\"select * from 'data/x.parquet'\")", "data/x.parquet"),
        ("spark.read.csv('data/x.csv')", "data/x.csv"),
        ("pd.read_csv('s3://bucket/x.csv')", "s3://bucket/x.csv"),
        ("pd.read_csv('/srv/x.csv')", "/srv/x.csv"),
        ("pd.read_csv(Path('data/x.json').with_suffix('.csv'))", "data/x.csv"),
    ] {
        let head = "import os, glob, argparse, click, joblib, pickle, torch, duckdb\nimport numpy as np\nimport pandas as pd\nimport polars as pl\nimport pyarrow.parquet as pq\nfrom pathlib import Path\nfrom pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n";
        let found = facts(&format!("{head}{code}\n"));
        assert_eq!(reads(&found), [want], "{code}");
    }
}

#[test]
fn ways_to_write() {
    for (code, want) in [
        ("df.to_csv('out/x.csv', index=False)", "out/x.csv"),
        ("df.to_parquet(path='out/x.parquet')", "out/x.parquet"),
        ("df.write_parquet('out/x.parquet')", "out/x.parquet"),
        ("np.save('out/x.npy', df)", "out/x.npy"),
        ("joblib.dump(value=df, filename='m.joblib')", "m.joblib"),
        ("torch.save(model.state_dict(), 'm.pt')", "m.pt"),
        ("booster.save_model('m.ubj')", "m.ubj"),
        ("model.save('m.keras')", "m.keras"),
        ("with open('out/m.json', 'w') as f:\n    json.dump({}, f)", "out/m.json"),
        ("Path('out/m.txt').write_text('x')", "out/m.txt"),
        ("plt.savefig('out/f.png')", "out/f.png"),
        ("sio.dump(model, 'm.skops')", "m.skops"),
    ] {
        let head = "import numpy as np, joblib, torch, json\nimport matplotlib.pyplot as plt\nimport skops.io as sio\nfrom pathlib import Path\n";
        let found = facts(&format!("{head}{code}\n"));
        assert_eq!(writes(&found), [want], "{code}");
        assert!(found.reads.is_empty(), "{code}: {:?}", found.reads);
    }
}

#[test]
fn a_read_behind_a_function_of_another_file() {
    let library = "import pandas as pd\ndef load(path):\n    return pd.read_csv(path)\ndef save(df, name):\n    df.to_csv(f'out/{name}.csv')\n";
    let script = "from lib.loading import load, save\ndf = load('data/x.csv')\ny = df['label']\nsave(df, 'x')\n";
    let found = within(&[("lib/loading.py", library), ("run.py", script)], "run.py");
    assert_eq!(reads(&found), ["data/x.csv"]);
    assert_eq!(found.reads[0].line, 2);
    assert_eq!(writes(&found), ["out/x.csv"]);
    assert_eq!(found.target.as_deref(), Some("label"));
    // The library alone knows only the folder.
    let alone = within(&[("lib/loading.py", library)], "lib/loading.py");
    assert_eq!((reads(&alone), writes(&alone)), (vec![], vec!["out/*.csv"]));
}

#[test]
fn settings_are_followed_into_their_file() {
    let files = [
        ("params.yaml", "data:\n  path: data/x.csv\n"),
        (
            "a.py",
            "import yaml, pandas as pd\ncfg = yaml.safe_load(open('params.yaml'))\npd.read_csv(cfg['data']['path'])\n",
        ),
    ];
    assert_eq!(reads(&within(&files, "a.py")), ["params.yaml", "data/x.csv"]);
}

#[test]
fn columns_of_a_preprocessing_script() {
    let found = facts(
        "import pandas as pd\nfrom sklearn.compose import ColumnTransformer\nfrom sklearn.preprocessing import StandardScaler\n\
         NUM = ['age', 'income']\nCAT = ['city']\nTARGET = 'churn'\n\
         df = pd.read_csv('x.csv', parse_dates=['since'])\n\
         df['tenure'] = (pd.Timestamp('2026') - df['since']).dt.days\n\
         df['income'] = df['income'].fillna(0)\n\
         df = df.dropna(subset=['age']).drop('id', axis=1)\n\
         df = df.assign(rich=df.income > 1)\n\
         del df['note']\n\
         pre = ColumnTransformer([('n', StandardScaler(), NUM), ('c', 'passthrough', CAT)])\n\
         X_train, X_test, y_train, y_test = train_test_split(df[NUM + CAT], df[TARGET])\n",
    );
    let mut used = found.columns_used.clone();
    used.sort();
    assert_eq!(used, ["age", "churn", "city", "income", "since"]);
    assert_eq!(found.columns_created, ["tenure", "rich"]);
    assert_eq!(found.columns_dropped, ["id", "note"]);
    assert_eq!(found.target.as_deref(), Some("churn"));
}

#[test]
fn a_notebook_with_magics() {
    let notebook = serde_json::json!({
        "nbformat": 4,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}, "language_info": {"version": "3.11.7"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# Title"]},
            {"cell_type": "code", "execution_count": 1, "source": ["%matplotlib inline\n", "!pip install x\n", "import pandas as pd"], "outputs": []},
            {"cell_type": "code", "execution_count": 3, "source": "%%time\ndf = pd.read_csv('../data/raw/x.csv')\ny = df['label']", "outputs": [{"output_type": "error", "ename": "KeyError", "evalue": "label"}]},
            {"cell_type": "code", "execution_count": null, "source": "%%bash\nls data", "outputs": []},
        ]
    });
    let project = ProjectModules::default();
    let found = read_notebook(&notebook.to_string(), &RelPath::new("notebooks/1.0-eda.ipynb"), &project).unwrap();
    assert_eq!(found.facts.parse_errors, Vec::<String>::new());
    assert_eq!(found.facts.reads[0].pattern, "data/raw/x.csv");
    assert_eq!(
        found.source.lines().nth(found.facts.reads[0].line as usize - 1),
        Some("df = pd.read_csv('../data/raw/x.csv')")
    );
    assert_eq!(found.facts.target.as_deref(), Some("label"));
    assert_eq!(found.ran_in_order, Some(false));
    assert_eq!(found.cells[2].error.as_deref(), Some("KeyError: label"));
    assert_eq!(found.kernel.language_version.as_deref(), Some("3.11.7"));
    assert!(read_notebook("not json", &RelPath::new("a.ipynb"), &project).is_err());
    assert!(read_notebook("{}", &RelPath::new("a.ipynb"), &project).is_err());
}

#[test]
fn what_does_not_parse_does_not_hide_the_rest() {
    let found = facts("import pandas as pd\nprint 'python 2'\ndf = pd.read_csv('data/x.csv')\ndef broken(:\n  pass\n");
    assert!(!found.parse_errors.is_empty());
    assert_eq!(reads(&found), ["data/x.csv"]);
}

#[test]
fn hostile_sources_end() {
    let sources = [
        "(".repeat(200_000),
        "-".repeat(500_000),
        format!("x = {}1", "1 + ".repeat(100_000)),
        format!("x = a{}", ".b".repeat(200_000)),
        "def f(x):\n    return f(f(f(x)))\nf(f(f('a')))\n".to_owned(),
        format!("x = [{}]\n{}", "'a', ".repeat(10_000), "for a in x:\n  pass\n".repeat(100)),
        format!("a = 'x'\n{}", "a = a + a\n".repeat(64)),
        "if x:\n".repeat(90),
        "\u{0}\u{feff}\u{1}".repeat(1_000),
        format!("l = [1]\n{}", "l = l + l\n".repeat(64)),
        format!("l = [1]\n{}", "l = [l, l]\n".repeat(200)),
        format!("l = [1]\n{}", "l.append(l)\n".repeat(200)),
    ];
    for source in sources {
        let start = std::time::Instant::now();
        let found = facts(&source);
        assert!(found.reads.is_empty());
        assert!(start.elapsed().as_secs() < 10);
    }
}

/// The direct flows into what is written, as `from > to`.
fn direct(found: &SourceFacts) -> Vec<String> {
    let flows = found.writes.iter().flat_map(|write| &write.flows).filter(|flow| flow.kind.is_direct());
    let mut flows: Vec<String> = flows.map(|flow| format!("{} > {}", flow.from, flow.to)).collect();
    flows.sort();
    flows.dedup();
    flows
}

#[test]
fn a_script_that_was_a_notebook_and_one_of_windows_are_read_whole() {
    let notebook = facts(
        "\"\"\"\nMade by: X\n\"\"\"\n%matplotlib inline\nimport pandas as pd\ndf = pd.read_csv('a.csv')\n!ls\ndf.to_csv('b.csv')\n",
    );
    assert_eq!((reads(&notebook), writes(&notebook)), (vec!["a.csv"], vec!["b.csv"]));
    assert!(notebook.parse_errors.is_empty(), "{:?}", notebook.parse_errors);
    let windows = facts("import pandas as pd\nprint 'x'\ndf = pd.read_csv('C:\\Users\\Sri\\data.csv')\n");
    assert_eq!(reads(&windows), ["C:/Users/Sri/data.csv"]);
    // What cannot be read costs one statement, not the text of several lines before it.
    let broken = facts("\"\"\"\nAbout\nthis\n\"\"\"\nx = = 1\nimport pandas as pd\npd.read_csv('a.csv')\n");
    assert_eq!((reads(&broken).len(), broken.parse_errors.len()), (1, 1), "{:?}", broken.parse_errors);
}

#[test]
fn numbers_that_are_known_decide_a_branch() {
    let found =
        facts("import pandas as pd\nmonth = 1\nyear = 2025 if month < 12 else 2026\npd.read_csv(f'{year}.csv')\n");
    assert_eq!(reads(&found), ["2025.csv"]);
}

#[test]
fn columns_that_are_set_together_keep_apart() {
    let found = facts(
        "import pandas as pd\ndf = pd.read_csv('a.csv', usecols=['a', 'b'])\ndf[['a', 'c']] = df[['a', 'b']].astype(str)\ndf.to_csv('b.csv', columns=['a', 'c'])\n",
    );
    assert_eq!(direct(&found), ["a > a", "b > c"]);
}

#[test]
fn an_array_that_is_filled_is_made_from_what_is_put_in() {
    let found = facts(
        "import numpy as np\nimport pandas as pd\nfrom somewhere import encode\ndf = pd.read_csv('a.csv', usecols=['t'])\nv = np.zeros((10, 3))\nfor i, t in enumerate(df.t.values):\n    v[i, :] = encode(t)\ndf['score'] = [max(x) for x in v]\ndf[['score']].to_csv('b.csv')\n",
    );
    assert_eq!(direct(&found), ["t > score"]);
}

#[test]
fn a_function_that_nothing_calls_may_be_called_with_anything() {
    let found = facts("def save(df, path=None):\n    if path is not None:\n        df.to_csv(path + 'x_made.csv')\n");
    assert_eq!(writes(&found), ["*x_made.csv"]);
}

#[test]
fn a_mask_decides_and_the_values_flow_however_a_choice_is_written() {
    let begin = "import numpy as np\nimport pandas as pd\nimport polars as pl\nfrom pyspark.sql import SparkSession, functions as F\nimport duckdb\ndf = pd.read_csv('a.csv')\n";
    let ways = [
        "df.loc[df['m'] > 1, 'c'] = df['v']\n",
        "df['c'] = np.where(df['m'] > 1, df['v'], 0)\n",
        "df['c'] = np.select([df['m'] > 1], [df['v']], default=0)\n",
        "df['c'] = df['v'].where(df['m'] > 1, 0)\n",
        "df['c'] = df['v'].mask(df['m'] > 1)\n",
        "df['c'] = df.apply(lambda r: r['v'] if r['m'] > 1 else 0, axis=1)\n",
        "def choose(r):\n    if r['m'] > 1:\n        return r['v']\n    return 0\ndf['c'] = df.apply(choose, axis=1)\n",
        "df = pl.read_csv('a.csv').with_columns(pl.when(pl.col('m') > 1).then(pl.col('v')).otherwise(0).alias('c'))\n",
        "df = SparkSession.builder.getOrCreate().read.csv('a.csv').withColumn('c', F.when(F.col('m') > 1, F.col('v')).otherwise(0)).toPandas()\n",
        "df = duckdb.sql(\"SELECT CASE WHEN m > 1 THEN v ELSE 0 END AS c FROM 'a.csv'\").df()\n",
    ];
    for way in ways {
        let found = facts(&format!("{begin}{way}df[['c']].to_csv('b.csv')\n"));
        let into: BTreeSet<(&str, &str)> = found
            .writes
            .iter()
            .flat_map(|write| &write.flows)
            .filter(|flow| flow.to == "c" && flow.from != "c")
            .map(|flow| (flow.from.as_str(), flow.kind.word()))
            .collect();
        assert!(into.contains(&("m", "conditional")), "{way}: {into:?}");
        assert!(
            into.iter().any(|(from, kind)| *from == "v" && matches!(*kind, "identity" | "transformation")),
            "{way}: {into:?}"
        );
        assert_eq!(into.len(), 2, "{way}: {into:?}");
    }
    // What is a value and decides, too, is a value; and a test that is itself the value is one.
    for way in ["df['c'] = np.where(df['m'] > 1, df['m'], 0)\n", "df['c'] = df['m'] > 1\n"] {
        let found = facts(&format!("{begin}{way}df[['c']].to_csv('b.csv')\n"));
        let kinds: Vec<&str> = found.writes[0].flows.iter().map(|flow| flow.kind.word()).collect();
        assert_eq!(kinds, ["transformation"], "{way}");
    }
    // A test alone, with constants to choose from.
    for way in [
        "df['c'] = np.where(df['m'] > 1, 'x', 'y')\n",
        "df['c'] = df.apply(lambda r: 1 if r['m'] > 1 else 0, axis=1)\n",
    ] {
        let found = facts(&format!("{begin}{way}df[['c']].to_csv('b.csv')\n"));
        let flows: Vec<_> = found.writes[0].flows.iter().map(|it| (it.from.as_str(), it.kind.word())).collect();
        assert_eq!(flows, [("m", "conditional")], "{way}");
    }
}
