"""Makes everything in project/ that people did not write: data, model, predictions, recorded runs.

    python3.11 -m venv /tmp/sample-venv
    /tmp/sample-venv/bin/pip install -r project/requirements.txt
    /tmp/sample-venv/bin/python make_sample.py

Two runs with the same versions on the same kind of machine write the same bytes. This file and sample_data.py are not copied
into anyone's project; the folder project/ is.

What the records of the runs rest on. The scripts of the project are really started, one process each, and observed: an audit
hook inside the interpreter (PEP 578) notes every file that is opened and the line that asked for it; pandas.read_parquet and
DataFrame.to_parquet are noted too, because a Parquet library may open files without the interpreter; and the whole folder is
hashed before and after. Exit codes and peak memory come from wait4(2). Three things are not as measured, so that the result
can be made again byte for byte and holds nothing of the machine it was made on:
  - times: a made-up clock, see SCHEDULE. The runs are dated as if the lender had done them in October and November 2026;
  - peak memory: rounded up to a multiple of 50 MiB, since it varies by a few MiB from run to run;
  - names: the user is "sample", the working directory ".", the interpreter "python".
"""

import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import sample_data

HERE = Path(__file__).resolve().parent
PROJECT = HERE / "project"
MADE = ["data", "models", "logs", "proofmark-runs.jsonl", "proofmark-environments.jsonl"]
MEMORY_STEP = 50 * 1024 * 1024
LARGEST_FILE, LARGEST_TOTAL = 1_400_000, 3_500_000

# Name, command, and the made-up clock: when it began, and how many milliseconds it is said to have taken.
SCHEDULE = [
    ("prepare", ["python", "src/prepare.py"], "2026-10-01T08:02:11.000Z", 2_412),
    ("train", ["python", "src/train.py", "--regularisation", "0.5"], "2026-10-01T08:05:40.000Z", 3_168),
    ("prepare 2026-10", ["python", "src/prepare.py", "--month", "2026-10"], "2026-11-02T07:30:05.000Z", 1_733),
    ("score 2026-10", ["python", "src/score.py", "--month", "2026-10"], "2026-11-02T07:31:20.000Z", 2_954),
]

# Put before everything else on the search path of the observed interpreter, under the name sitecustomize.
OBSERVER = r'''
import json, os, sys

ROOT, TRACE = os.environ["SAMPLE_ROOT"], os.environ["SAMPLE_TRACE"]
log = os.open(TRACE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
busy, wrapped = [False], [False]


def place():
    frame = sys._getframe(2)
    while frame is not None:
        name = os.path.join(os.getcwd(), frame.f_code.co_filename)
        if name.startswith(ROOT + os.sep) and "<" not in name:
            return os.path.relpath(name, ROOT), frame.f_lineno
        frame = frame.f_back
    return None, 0


def note(path, written, how):
    path = os.path.abspath(os.fsdecode(os.fspath(path)))
    if path.startswith(ROOT + os.sep):
        script, line = place()
        entry = {"path": os.path.relpath(path, ROOT), "written": written, "how": how, "script": script, "line": line}
        os.write(log, (json.dumps(entry) + "\n").encode())


def wrap():
    pandas = sys.modules.get("pandas")
    if wrapped[0] or pandas is None or not hasattr(pandas, "read_parquet") or not hasattr(pandas, "DataFrame"):
        return
    wrapped[0] = True
    read, write = pandas.read_parquet, pandas.DataFrame.to_parquet

    def read_parquet(path, *rest, **named):
        note(path, False, "pandas.read_parquet")
        return read(path, *rest, **named)

    def to_parquet(self, path=None, *rest, **named):
        if path is not None:
            note(path, True, "pandas.DataFrame.to_parquet")
        return write(self, path, *rest, **named)

    pandas.read_parquet, pandas.DataFrame.to_parquet = read_parquet, to_parquet


def hook(event, arguments):
    if busy[0] or event not in ("open", "import"):
        return
    busy[0] = True
    try:
        wrap()
        if event == "open" and not isinstance(arguments[0], int):
            flags = arguments[2] if isinstance(arguments[2], int) else 0
            note(arguments[0], bool(flags & (os.O_WRONLY | os.O_RDWR)), "open")
    finally:
        busy[0] = False


sys.addaudithook(hook)
'''

KINDS = {".csv": "dataset", ".parquet": "dataset", ".jsonl": "prediction_log", ".joblib": "model", ".py": "code", ".yaml": "config", ".json": "metrics"}
ROLES = {"dataset": "data", "prediction_log": "data", "model": "model", "code": "code", "config": "config", "metrics": "metrics"}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def snapshot():
    files = sorted(path for path in PROJECT.rglob("*") if path.is_file())
    return {path.relative_to(PROJECT).as_posix(): digest(path.read_bytes()) for path in files}


def environment():
    """The environment as Proofmark describes one; its digest is that of the canonical form without blanks, keys sorted."""
    packages = {}
    for found in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
        packages.setdefault(name, found.version)
    packages = dict(sorted(packages.items()))
    facts = {
        "architecture": {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine()),
        "interpreter": platform.python_version(),
        "packages": packages,
        "system": platform.freedesktop_os_release()["PRETTY_NAME"],
    }
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        "digest": digest(canonical.encode()),
        "interpreter": {"name": platform.python_implementation(), "version": facts["interpreter"], "path": "python"},
        "packages": packages,
        "system": facts["system"],
        "architecture": facts["architecture"],
        "cpu": None,
        "gpus": [],
        "basis": "observed",
        "confidence": 1.0,
    }


def parse(value):
    try:
        return json.loads(value)
    except ValueError:
        return value


def parameters(argv):
    """`--name value` of the command."""
    pairs = zip(argv, argv[1:] + ["--"])
    return {name[2:]: True if value.startswith("--") else parse(value) for name, value in pairs if name.startswith("--")}


def edge(path, content, evidence, certainty=1.0):
    kind = KINDS[Path(path).suffix]
    return {
        "path": path,
        "digest": content,
        "kind": kind,
        "role": ROLES[kind],
        "basis": "observed",
        "confidence": certainty,
        "columns": [],
        "evidence": evidence,
    }


def edges(trace, argv, before, after):
    first = {}
    for entry in trace:
        # What pandas says comes before what it makes the interpreter open; the first to say it stands.
        first.setdefault((entry["path"], entry["written"]), entry)
    inputs, outputs = [], []
    for (path, written), entry in first.items():
        where = f", {entry['script']} line {entry['line']}" if entry["script"] else ""
        if written and path in after:
            outputs.append(edge(path, after[path], f"written by python{where}"))
        elif not written and path in before:
            if path in argv:
                where = ", the script of the command"
            inputs.append(edge(path, before[path], f"opened for reading by python{where}"))
    seen = {found["path"] for found in outputs}
    for path, content in after.items():
        if before.get(path) != content and path not in seen:
            outputs.append(edge(path, content, "changed while the run was active; who wrote it was not seen", 0.8))
    by_path = lambda found: found["path"]
    return sorted(inputs, key=by_path), sorted(outputs, key=by_path)


def numbers(paths):
    found = {}
    for path in paths:
        values = json.loads((PROJECT / path).read_text(encoding="utf-8"))
        found.update({name: float(value) for name, value in values.items() if isinstance(value, (int, float))})
    return dict(sorted(found.items()))


def moment(milliseconds):
    at = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def milliseconds(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def run_id(started, name):
    """A UUID of version 7 whose random part is fixed: the hash of the run's name."""
    rest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:10], "big")
    value = started << 80 | 0x7 << 76 | (rest >> 62 & 0xFFF) << 64 | 0b10 << 62 | rest & (1 << 62) - 1
    return f"run_{uuid.UUID(int=value)}"


def record(name, argv, clock, duration, surroundings, scratch):
    trace_file = scratch / "trace"
    trace_file.unlink(missing_ok=True)
    own = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "PYTHONPATH": str(scratch),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "LC_ALL": "C.UTF-8",
        "SAMPLE_ROOT": str(PROJECT),
        "SAMPLE_TRACE": str(trace_file),
    }
    before = snapshot()
    process = subprocess.Popen(argv, cwd=PROJECT, env=own)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    after = snapshot()
    if process.returncode != 0:
        sys.exit(f"{' '.join(argv)} ended with {process.returncode}; nothing was recorded")
    trace = [json.loads(line) for line in trace_file.read_text(encoding="utf-8").splitlines()]
    inputs, outputs = edges(trace, argv, before, after)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"  {name}: {len(inputs)} read, {len(outputs)} written, {peak / 2**20:.1f} MiB")
    started = milliseconds(clock)
    return {
        "id": run_id(started, name),
        "project": "prj_00000000-0000-0000-0000-000000000000",
        "source": "recorded",
        "foreign_id": None,
        "name": name,
        "status": "finished",
        "started": moment(started),
        "ended": moment(started + duration),
        "command": " ".join(argv),
        "parameters": parameters(argv),
        "metrics": numbers(found["path"] for found in outputs if found["kind"] == "metrics"),
        "code": {"commit": None, "branch": None, "dirty": None, "path": argv[1], "diff": None},
        "environment_digest": surroundings["digest"],
        "inputs": inputs,
        "outputs": outputs,
        "process": {
            "argv": argv,
            "cwd": ".",
            "exit_code": process.returncode,
            "signal": None,
            "peak_memory": -(-peak // MEMORY_STEP) * MEMORY_STEP,
            "observed_by": ["audit_hook", "scan"],
            "blind_spots": [],
            "log_truncated": False,
        },
        "user": "sample",
    }


def write_lines(path, documents):
    lines = "".join(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n" for document in documents)
    path.write_text(lines, encoding="utf-8", newline="\n")


def verify():
    """What must hold for every file that ships."""
    private = [str(HERE), str(Path.home()), sys.prefix]
    total = 0
    for path in sorted(PROJECT.rglob("*")):
        if path.name == "__pycache__":
            sys.exit(f"{path} must not ship")
        if path.is_file():
            content = path.read_bytes()
            total += len(content)
            if len(content) > LARGEST_FILE or any(len(text) >= 5 and text.encode() in content for text in private):
                sys.exit(f"{path} is too large or holds a path of this machine")
            print(f"{len(content):>9}  {path.relative_to(PROJECT).as_posix()}")
    if total > LARGEST_TOTAL:
        sys.exit(f"the project holds {total} bytes; {LARGEST_TOTAL} are allowed")
    print(f"{total:>9}  in all")


def main():
    for name in MADE:
        path = PROJECT / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for folder in ["data/raw", "data/processed", "data/production", "models", "logs"]:
        (PROJECT / folder).mkdir(parents=True)
    sample_data.write(PROJECT / "data")
    surroundings = environment()
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "sitecustomize.py").write_text(OBSERVER, encoding="utf-8")
        runs = [record(*entry, surroundings, Path(scratch)) for entry in SCHEDULE]
    write_lines(PROJECT / "proofmark-runs.jsonl", runs)
    write_lines(PROJECT / "proofmark-environments.jsonl", [surroundings])
    verify()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
