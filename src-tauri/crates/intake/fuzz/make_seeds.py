"""Writes the seeds of the targets whose first byte chooses a file, of sources, and of databases: `python make_seeds.py` in this folder.

The seeds of the model targets are copies of files of tests/fixtures/models.
"""

import json
import pathlib
import shutil
import sqlite3

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE / "../../../../tests/fixtures"


def seed(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed_{name}").write_bytes(content if isinstance(content, bytes) else content.encode())


def chosen(target, files):
    for at, (name, content) in enumerate(files):
        seed(target, name, bytes([at]) + content.encode())


for case in ("argparse_subcommands", "eval_expression", "inheritance", "polars_when", "python2_more", "spark_sql", "try_except_fallback", "xgb_sklearn_api"):
    for path in (FIXTURES / "python/heldout" / case).glob("*.py"):
        seed("python", f"{case}.py", path.read_bytes())
seed("python", "sql.py", 'import duckdb\nduckdb.sql("COPY (SELECT a, sum(b) AS s FROM \'x.parquet\' t JOIN u USING (k) GROUP BY a) TO \'y.csv\'")\n')
seed("python", "shell.py", "!wget -q http://a/b.csv -O b.csv\n%cd data\n%%time\nimport pandas as pd\nx = pd.read_csv('b.csv')\n")
cells = [{"cell_type": "code", "source": ["import pandas as pd\n", "pd.read_csv('a.csv').to_csv('b.csv')"], "execution_count": 1, "outputs": [{"output_type": "error", "ename": "E", "evalue": "v"}]}]
seed("notebook", "v4.ipynb", json.dumps({"nbformat": 4, "metadata": {"kernelspec": {"name": "python3"}}, "cells": cells}))
seed("notebook", "v3.ipynb", json.dumps({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1", "prompt_number": 2}]}]}))

chosen("settings", [
    ("params.yaml", "input: a.csv\ncolumns: [a, b]\nnested: {output: '${input}'}\ndefaults:\n- data: big\n- _self_\noutput: b.csv\n"),
    ("settings.toml", "input = 'a.csv'\ncolumns = ['a']\n[nested]\noutput = 'b.csv'\n"),
    ("config.json", '{"input": "a.csv", "columns": ["a"], "nested": {"output": "b.csv"}}'),
    ("Makefile", "DATA := data\nall:\n\tpython script.py --input $(DATA)/a.csv ${DATA}/b.csv\n"),
    ("run.sh", "export D=data\npython -u script.py \\\n  --input=$D/a.csv out.csv | tee log && python -m script x\n"),
    ("dvc.yaml", "stages:\n  a:\n    cmd:\n    - python script.py --input x.csv y.csv\n"),
    ("MLproject", "entry_points:\n  main:\n    parameters: {x: {type: float, default: 1}}\n    command: 'python script.py {x}'\n"),
])
chosen("environment", [
    ("requirements.txt", "pandas==2.0 ; python_version > '3' --hash=sha256:aa\n-r other.txt\n-e git+https://a/b@c#egg=d\nnumpy[extra]>=1,<2 # x\n"),
    ("environment.yml", "name: a\nchannels: [x]\ndependencies:\n- python=3.11\n- numpy=1.2=h_0\n- pip:\n  - scipy==1\n"),
    ("conda-lock.yml", "version: 1\npackage:\n- {name: numpy, version: '1', manager: conda, platform: linux-64}\n"),
    ("pyproject.toml", "[project]\nname='a'\nrequires-python='>=3.9'\ndependencies=['numpy>=1']\n[tool.poetry.dependencies]\npandas='^2'\n"),
    ("uv.lock", "version = 1\n[[package]]\nname = 'numpy'\nversion = '1'\nsource = { registry = 'x' }\n"),
    ("poetry.lock", "[[package]]\nname = 'numpy'\nversion = '1'\n[metadata]\npython-versions = '^3'\n"),
    ("Pipfile", "[packages]\nnumpy = '*'\n[requires]\npython_version = '3.9'\n"),
    ("Pipfile.lock", '{"default": {"numpy": {"version": "==1"}}, "_meta": {"requires": {"python_version": "3"}}}'),
    ("Dockerfile", "ARG V=3.11\nFROM python:$V-slim AS a\nRUN pip install numpy==1 \\\n  pandas\nENV A=b\n"),
    ("python_env.yaml", "python: 3.9\nbuild_dependencies: [pip==20]\ndependencies: [-r requirements.txt]\n"),
    ("MLmodel", "flavors:\n  python_function: {env: {conda: conda.yaml}, python_version: 3.9}\nmlflow_version: 2.0\n"),
    ("MLproject", "name: a\nconda_env: conda.yaml\ndocker_env: {image: x}\n"),
])
chosen("dvc", [
    ("dvc.yaml", "vars: [params.yaml, {n: 3}]\nstages:\n  a:\n    foreach: [x, y]\n    do:\n      cmd: python a.py ${item} ${n}\n      wdir: sub\n      deps: [data.csv]\n      outs: [{'out.csv': {cache: false}}]\n      metrics: [m.json]\n  b:\n    matrix: {i: [1, 2], j: [3]}\n    cmd: [echo, 'x ${item.i}']\n"),
    ("dvc.lock", "schema: '2.0'\nstages:\n  train:\n    cmd: python train.py a\n    deps: [{path: data.csv, hash: md5, md5: 00.dir, size: 3, nfiles: 2}]\n    params: {params.yaml: {alpha: 1}}\n    outs: [{path: model.pkl, md5: aa}]\n"),
    ("data.csv.dvc", "wdir: ..\nfrozen: true\ndeps: [{path: s3://a/b, etag: x}]\nouts:\n- {md5: aa, size: 1, path: data.csv, remote: r}\nmeta: {a: b}\n"),
    ("params.yaml", "alpha: {b: [1, 2]}\npath: ${alpha.b[0]}\n"),
])
chosen("mlflow_files", [
    ("experiment.yaml", "artifact_location: file:///gone/mlruns/0\nexperiment_id: '0'\nlifecycle_stage: deleted\nname: Default\ncreation_time: 1\n"),
    ("run.yaml", "artifact_uri: s3://a/b\nend_time: null\nentry_point_name: ''\nexperiment_id: '0'\nlifecycle_stage: active\nrun_uuid: 0123456789abcdef0123456789abcdef\nsource_type: 4\nstart_time: 1700000000000\nstatus: 5\ntags: []\nuser_id: a\n"),
    ("metric", "1700000000000 0.5 0\n1700000000001 nan 1\n1700000000002 Infinity 2 x y\n"),
    ("parameter", "a\nb\tc\\"),
    ("history", '[{"run_id": "a", "artifact_path": "model", "flavors": {"sklearn": {"sklearn_version": "1"}}, "model_uuid": "x"}]'),
    ("input.yaml", "source_type: DATASET\nsource_id: a\ndestination_type: RUN\ndestination_id: b\ntags: {mlflow.data.context: training}\n"),
    ("model.yaml", "name: m\ncreation_timestamp: 1\nlast_updated_timestamp: 2\ndescription: x\n"),
    ("version.yaml", "name: m\nversion: '1'\ncurrent_stage: Production\nsource: mlruns/0/a/artifacts/model\nrun_id: a\nstatus: READY\n"),
])

path = HERE / "corpus/mlflow_database/seed_small.db"
path.parent.mkdir(parents=True, exist_ok=True)
path.unlink(missing_ok=True)
with sqlite3.connect(path) as database:
    database.executescript("""
    PRAGMA page_size = 512;
    CREATE TABLE alembic_version (version_num VARCHAR(32));
    CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT, lifecycle_stage TEXT, creation_time BIGINT, last_update_time BIGINT);
    CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, source_type TEXT, source_name TEXT, entry_point_name TEXT, user_id TEXT, status TEXT, start_time BIGINT, end_time BIGINT, deleted_time BIGINT, source_version TEXT, lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER);
    CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN);
    CREATE TABLE latest_metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN);
    CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
    CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
    CREATE TABLE registered_models (name TEXT, creation_time BIGINT, last_updated_time BIGINT, description TEXT);
    CREATE TABLE model_versions (name TEXT, version INTEGER, creation_time BIGINT, last_updated_time BIGINT, description TEXT, user_id TEXT, current_stage TEXT, source TEXT, run_id TEXT, status TEXT, status_message TEXT, run_link TEXT, storage_location TEXT);
    INSERT INTO alembic_version VALUES ('1bd49d398cd23');
    INSERT INTO experiments VALUES (1, 'e', 'mlruns/1', 'active', 1, 2);
    INSERT INTO runs VALUES ('0123456789abcdef0123456789abcdef', 'r', 'LOCAL', 'a.py', '', 'u', 'FINISHED', 1700000000000, 1700000000001, NULL, 'c', 'active', 'mlruns/1/0123456789abcdef0123456789abcdef/artifacts', 1);
    INSERT INTO metrics VALUES ('m', 0.5, 1, '0123456789abcdef0123456789abcdef', 0, 0);
    INSERT INTO latest_metrics VALUES ('m', 0.5, 1, '0123456789abcdef0123456789abcdef', 0, 0);
    INSERT INTO params VALUES ('p', '1', '0123456789abcdef0123456789abcdef');
    INSERT INTO tags VALUES ('mlflow.user', 'u', '0123456789abcdef0123456789abcdef');
    INSERT INTO registered_models VALUES ('m', 1, 1, '');
    INSERT INTO model_versions VALUES ('m', 1, 1, 1, '', 'u', 'None', 'mlruns/1/a/artifacts/model', 'a', 'READY', '', '', '');
    """)
saved = FIXTURES / "models/saved_model/saved_model.pb"
if saved.exists():
    (HERE / "corpus/saved_model").mkdir(parents=True, exist_ok=True)
    shutil.copy(saved, HERE / "corpus/saved_model/seed_saved_model.pb")
