"""Makes a large MLflow store for measuring, and measures MLflow's own client on it.

    python make_mlflow_runs.py make OUT [RUNS]      # OUT/mlflow.db and OUT/mlruns, the same runs in both
    python make_mlflow_runs.py measure OUT          # pages, filters and everything, by mlflow's search_runs

Needs mlflow==3.17.2. The runs are written as MLflow writes them: its own schema, its own file layout; in bulk, since its client takes
minutes for what is measured in milliseconds here.
"""

import os
import sqlite3
import sys
import time
import uuid
from pathlib import Path
from random import Random

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
command, out = sys.argv[1], Path(sys.argv[2]).resolve()


def make(count):
    import mlflow
    from mlflow.tracking import MlflowClient

    out.mkdir(parents=True, exist_ok=True)
    os.chdir(out)
    client = MlflowClient(f"sqlite:///{out}/mlflow.db")
    experiment = client.create_experiment("many", artifact_location=(out / "artifacts").as_uri())
    random = Random(7)
    start = 1_700_000_000_000
    runs, params, tags, metrics, latest = [], [], [], [], []
    files = out / "mlruns" / "123456789012345678"
    files.mkdir(parents=True)
    (files / "meta.yaml").write_text(
        f"artifact_location: {files.as_uri()}\ncreation_time: {start}\nexperiment_id: '123456789012345678'\nlast_update_time: {start}\nlifecycle_stage: active\nname: many\n"
    )
    for number in range(count):
        run = uuid.UUID(int=random.getrandbits(128)).hex
        began = start + number * 1000
        runs.append((run, f"run-{number}", "LOCAL", "train.py", "", "ada", "FINISHED", began, began + 500, "", "active", (out / "artifacts" / run).as_uri(), experiment))
        own_params = {f"p{i}": str(random.randint(0, 99)) for i in range(8)} | {"model": random.choice(["rf", "lr", "gbm"])}
        own_tags = {"mlflow.user": "ada", "mlflow.source.name": "train.py", "mlflow.runName": f"run-{number}"}
        points = {name: [(step, began + step, random.random()) for step in range(3)] for name in ("loss", "auc", "f1")}
        params += [(key, value, run) for key, value in own_params.items()]
        tags += [(key, value, run) for key, value in own_tags.items()]
        for name, history in points.items():
            metrics += [(name, value, at, run, step, 0) for step, at, value in history]
            step, at, value = history[-1]
            latest.append((name, value, at, step, 0, run))
        folder = files / run
        for part in ("params", "tags", "metrics", "artifacts"):
            (folder / part).mkdir(parents=True)
        (folder / "meta.yaml").write_text(
            f"artifact_uri: {(folder / 'artifacts').as_uri()}\nend_time: {began + 500}\nentry_point_name: ''\nexperiment_id: '123456789012345678'\nlifecycle_stage: active\n"
            f"run_id: {run}\nrun_name: run-{number}\nrun_uuid: {run}\nsource_name: ''\nsource_type: 4\nsource_version: ''\nstart_time: {began}\nstatus: 3\ntags: []\nuser_id: ada\n"
        )
        for key, value in own_params.items():
            (folder / "params" / key).write_text(value)
        for key, value in own_tags.items():
            (folder / "tags" / key).write_text(value)
        for name, history in points.items():
            (folder / "metrics" / name).write_text("".join(f"{at} {value} {step}\n" for step, at, value in history))
    database = sqlite3.connect(out / "mlflow.db")
    database.executemany("INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", runs)
    database.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?,?,?)", params)
    database.executemany("INSERT INTO tags (key, value, run_uuid) VALUES (?,?,?)", tags)
    database.executemany("INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?,?,?,?,?,?)", metrics)
    database.executemany("INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?,?,?,?,?,?)", latest)
    database.commit()
    database.close()
    print(f"{count} runs in {out}")


def measure():
    import mlflow
    from mlflow.tracking import MlflowClient

    def best(work, times=3):
        taken = []
        for _ in range(times):
            begun = time.perf_counter()
            answer = work()
            taken.append(time.perf_counter() - begun)
        return min(taken) * 1000, answer

    for name, uri, experiment in (("mlflow.db", f"sqlite:///{out}/mlflow.db", None), ("mlruns/", str(out / "mlruns"), "123456789012345678")):
        client = MlflowClient(uri)
        experiment = experiment or client.get_experiment_by_name("many").experiment_id

        def everything():
            found, token = [], None
            while True:
                page = client.search_runs([experiment], max_results=1000, page_token=token)
                found += page
                token = page.token
                if not token:
                    return found

        page, _ = best(lambda: client.search_runs([experiment], max_results=100))
        filtered, found = best(lambda: client.search_runs([experiment], "metrics.auc > 0.9 and params.model = 'rf'", max_results=100))
        whole, runs = best(everything, times=1)
        print(f"mlflow {mlflow.__version__}  {name:10}  page of 100: {page:8.1f} ms   filter: {filtered:8.1f} ms ({len(found)})   all {len(runs)}: {whole:8.0f} ms")


if command == "make":
    make(int(sys.argv[3]) if len(sys.argv) > 3 else 10_000)
else:
    measure()
