"""Releases models with `proofmark`, one logged by MLflow and one saved with joblib alone, and loads them with MLflow.

    python -m venv .venv
    .venv/bin/pip install mlflow-skinny==3.17.2 scikit-learn pandas joblib skops
    .venv/bin/python mlflow_loads.py PROOFMARK

PROOFMARK is the program. Prints one line a case; exits with 1 if a case fails.
"""

import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
TRAIN = '''
import sys
import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

table = pd.read_csv("data/train.csv")
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(table[["age", "balance"]], table["churned"])
if sys.argv[1] == "joblib":
    joblib.dump(model, "models/plain.joblib")
else:
    import mlflow.sklearn
    mlflow.sklearn.save_model(model, "models/logged", input_example=table[["age", "balance"]].head(2))
'''
failed = []


def case(name, good, note=""):
    print(f"{'ok  ' if good else 'BAD '} {name} {note}")
    if not good:
        failed.append(name)


def run(home, *arguments, cwd=None, check=True):
    environment = {**os.environ, "PROOFMARK_HOME": str(home), "PROOFMARK_PASSPHRASE": "a passphrase for tests"}
    done = subprocess.run([PROGRAM, *map(str, arguments), "--json"], capture_output=True, text=True, env=environment, cwd=cwd)
    if check and done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise SystemExit(f"{arguments}: no document: {done.stdout}{done.stderr}")


def main():
    room = pathlib.Path(tempfile.mkdtemp())
    ann, bob, project, shared = room / "ann", room / "bob", room / "project", room / "shared"
    (project / "data").mkdir(parents=True)
    (project / "models").mkdir()
    (project / "train.py").write_text(TRAIN)
    rows = ["age,balance,churned"] + [f"{20 + n % 50},{(n * 37) % 1000},{int((n * 37) % 1000 > 500)}" for n in range(400)]
    (project / "data/train.csv").write_text("\n".join(rows) + "\n")
    (project / "proofmark.toml").write_text(
        '[[gate]]\nname = "environment"\nrequired = false\nrule = "environment_known"\n'
    )
    for form in ["joblib", "mlflow"]:
        environment = {**os.environ, "PROOFMARK_HOME": str(ann)}
        subprocess.run([PROGRAM, "run", "--", sys.executable, "train.py", form], cwd=project, env=environment, check=True, capture_output=True)

    run(ann, "key", "create", "--name", "Ann")
    run(bob, "key", "create", "--name", "Bob")
    run(ann, "registry", "init", shared, "--name", "Models")
    run(bob, "registry", "attach", shared)
    run(bob, "registry", "join", "--note", "I approve")
    card = room / "bob.json"
    card.write_text(json.dumps(run(ann, "registry", "show")["trust"]["requests"][0]["card"]))
    run(ann, "registry", "admit", card, "--role", "approver")

    def release(model, name):
        submitted = run(ann, "release", "submit", project / model, "--purpose", "find who leaves", "--name", name, cwd=project)
        candidate = submitted["candidate"]
        run(bob, "release", "approve", candidate, "--reason", "looked at it")
        run(ann, "release", "publish", candidate, "--alias", "production")
        return submitted

    submitted = release("models/plain.joblib", "plain")
    evidence = {it["path"] for it in submitted["manifest"]["evidence"]}
    case("a model card, a bill of materials, lineage and provenance are in the evidence",
         {"README.md", "bom.cdx.json", "openlineage.jsonl", "provenance.json"} <= evidence, evidence)
    payload = next(it for it in ["model.skops", "model.pkl", "MLmodel"] if (project / "models/logged" / it).exists())
    release(f"models/logged/{payload}", "logged")
    verdict = run(ann, "registry", "verify", shared)
    case("the registry verifies", verdict["verdict"] == "ok", verdict["problems"])

    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    os.chdir(room)
    import joblib
    import mlflow
    import pandas as pd

    table = pd.read_csv(project / "data/train.csv")[["age", "balance"]]
    expected = joblib.load(project / "models/plain.joblib").predict(table).tolist()

    def loads(root, when):
        mlflow.set_tracking_uri(root.as_uri())
        mlflow.set_registry_uri(root.as_uri())
        for name in ["plain", "logged"]:
            for wanted in [f"{name}@production", f"{name}/1", f"{name}/latest"]:
                to = tempfile.mkdtemp(dir=room)
                try:
                    model = mlflow.pyfunc.load_model(f"models:/{wanted}", dst_path=to)
                    got = [int(it) for it in list(model.predict(table))]
                    case(f"{when}: models:/{wanted}", got == expected)
                except Exception as error:
                    case(f"{when}: models:/{wanted}", False, repr(error)[:300])
        found = {it.name for it in mlflow.MlflowClient().search_registered_models()}
        case(f"{when}: search_registered_models", found == {"plain", "logged"}, found)
        aliases = mlflow.MlflowClient().get_registered_model("plain").aliases
        case(f"{when}: aliases", aliases == {"production": 1} or aliases == {"production": "1"}, aliases)

    loads(shared, "from the directory")
    # As a careless consumer does it: MLflow then writes a file into the version's folder, which must do no harm.
    model = mlflow.pyfunc.load_model("models:/plain@production")
    case("without dst_path", [int(it) for it in model.predict(table)] == expected)
    verdict = run(ann, "registry", "verify", shared)
    case("the registry verifies after MLflow wrote into it", verdict["verdict"] == "ok", verdict["ignored"])

    # Mounted read-only where that is possible; else by permissions.
    view = room / "view"
    view.mkdir()
    mounted = subprocess.run(["mount", "--bind", "-o", "ro", shared, view], capture_output=True).returncode == 0
    mounted = mounted and subprocess.run(["mount", "-o", "remount,bind,ro", view], capture_output=True).returncode == 0
    if mounted:
        try:
            fetched = room / "fetched"
            answer = run(bob, "registry", "fetch", "plain@production", "--to", fetched)
            case("registry fetch", (fetched / "model/MLmodel").exists(), answer["files"])
            read_only = run(ann, "registry", "verify", view)
            case("a read-only mount verifies", read_only["verdict"] == "ok", read_only["problems"])
            loads_from = shared
            # The published files name the folder that they were published to, so the mount stands in its place.
            subprocess.run(["umount", view], check=True)
            subprocess.run(["mount", "--bind", shared, shared], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", shared], check=True)
            try:
                loads(loads_from, "read-only")
                local = mlflow.pyfunc.load_model(str(fetched / "model"))
                case("from the fetched folder", [int(it) for it in local.predict(table)] == expected)
            finally:
                subprocess.run(["umount", shared], check=True)
        finally:
            subprocess.run(["umount", view], capture_output=True)
    else:
        print("     a read-only mount is not possible here")
    print(f"{len(failed)} cases failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
