"""A registry in a bucket, used by several people with the command line: published to, verified, raced for and killed in the middle.

    python -m venv .venv
    .venv/bin/pip install "moto[server]" boto3
    .venv/bin/python s3_server.py 5055 &
    .venv/bin/python s3.py PROOFMARK [http://127.0.0.1:5055 [CYCLES [SEED]]]

PROOFMARK is the program. Any other S3-compatible store will do that takes the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the bucket is
made if it is not there, and everything goes below a prefix of its own. Prints one line a case; exits with 1 if a case fails.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import boto3

PROGRAM = os.path.abspath(sys.argv[1])
ENDPOINT = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:5055"
CYCLES = int(sys.argv[3]) if len(sys.argv) > 3 else 100
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
PUBLISHERS, EACH = 4, 5
BUCKET, MODEL = "proofmark-interop", "credit"
KEYS = {
    "AWS_ACCESS_KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID", "testing"),
    "AWS_SECRET_ACCESS_KEY": os.environ.get("AWS_SECRET_ACCESS_KEY", "testing"),
    "AWS_REGION": os.environ.get("AWS_REGION", "us-east-1"),
    "AWS_ENDPOINT_URL": ENDPOINT,
}
failed = []


def case(name, good, note=""):
    print(f"{'ok  ' if good else 'BAD '} {name} {note}", flush=True)
    if not good:
        failed.append(name)


class Person:
    def __init__(self, room, name):
        self.name, self.home = name, room / name.lower()
        self.environment = {
            **os.environ, **KEYS, "PROOFMARK_HOME": str(self.home), "PROOFMARK_PASSPHRASE": "a passphrase for tests",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus",
        }
        self.ask("key", "create", "--name", name)

    def start(self, *words):
        return subprocess.Popen([PROGRAM, "--json", *map(str, words)], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(self, *words, fails=False):
        process = self.start(*words)
        out, err = process.communicate()
        if (process.returncode != 0) != fails and not (fails is None):
            raise SystemExit(f"{self.name}: {' '.join(map(str, words))}: exit {process.returncode}\n{out}{err}")
        return json.loads(out)


def numbers(person):
    shown = person.ask("registry", "show")
    models = [it for it in shown["models"] if it["name"] == MODEL]
    return models[0]["versions"] if models else []


def race(owner, approver, publishers, submit, place):
    candidates = [submit(f"race {number}") for number in range(PUBLISHERS * EACH)]
    for candidate in candidates:
        approver.ask("release", "approve", candidate, "--reason", "looked at it")
    before = len(numbers(owner))
    begin = time.time()

    def publish(turn):
        person = publishers[turn]
        return [person.ask("release", "publish", candidate)["version"] for candidate in candidates[turn::PUBLISHERS]]

    with ThreadPoolExecutor(PUBLISHERS) as pool:
        given = [number for part in pool.map(publish, range(PUBLISHERS)) for number in part]
    wanted = list(range(before + 1, before + 1 + PUBLISHERS * EACH))
    case(f"{PUBLISHERS} processes publish {EACH} times each at once: every number once, no gap", sorted(given) == wanted,
         f"{time.time() - begin:.0f} s, {sorted(given)[0]} to {sorted(given)[-1]}")
    report = owner.ask("registry", "verify", place, fails=None)
    case("it verifies after the race", report["verdict"] == "ok", f"{len(report['versions'])} versions {report['problems'][:2]}")


def kills(owner, approver, publisher, submit, place):
    """Ends processes at random moments. What was acknowledged before must be there afterwards."""
    dice = random.Random(SEED)
    versions = {it["candidate"]: it["version"] for it in numbers(owner)}
    approved, published, alias = set(), dict(versions), None
    stock = []
    took = {}
    for kind, words in {
        "approve": lambda it: ["release", "approve", it, "--reason", "measured"],
        "publish": lambda it: ["release", "publish", it],
        "promote": lambda _: ["release", "promote", MODEL, 1, "--alias", "champion", "--reason", "measured"],
    }.items():
        measured = measured if took else submit("measured")
        begin = time.time()
        (approver if kind == "approve" else publisher).ask(*words(measured))
        took[kind] = time.time() - begin
    published[measured] = next(it["version"] for it in numbers(owner) if it["candidate"] == measured)
    approved.add(measured)
    alias = 1
    ended = dict.fromkeys(took, 0)
    whole = dict.fromkeys(took, 0)
    worst, bad = "ok", []
    for cycle in range(CYCLES):
        while len(stock) < 2:
            stock.append(submit(f"kill {cycle} {len(stock)} {uuid.uuid4()}"))
        target = stock[0]
        kind = "promote" if cycle % 3 == 2 else "publish" if target in approved else "approve"
        version = dice.choice(sorted(published.values()))
        words = {
            "approve": ["release", "approve", target, "--reason", f"cycle {cycle}"],
            "publish": ["release", "publish", target],
            "promote": ["release", "promote", MODEL, version, "--alias", "champion", "--reason", f"cycle {cycle}"],
        }[kind]
        process = (approver if kind == "approve" else publisher).start(*words)
        begin = time.time()
        try:
            out, _ = process.communicate(timeout=dice.uniform(0, 1.5 * took[kind]))
            if process.returncode == 0:
                took[kind] = 0.7 * took[kind] + 0.3 * (time.time() - begin)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        if process.returncode == 0:
            whole[kind] += 1
            if kind == "approve":
                approved.add(target)
            elif kind == "publish":
                published[target] = json.loads(out)["version"]
                stock.pop(0)
            else:
                alias = version
        elif process.returncode < 0:
            ended[kind] += 1
            # It may be done although nobody was told, so either answer is right from now on.
            if kind == "promote":
                alias = (alias, version) if not isinstance(alias, tuple) else (*alias, version)
        else:
            error = json.loads(out)["error"]
            # Done by a process that was killed before it could say so.
            if kind == "approve" and "already decided" in error["message"]:
                approved.add(target)
            elif kind == "publish" and "is published" in error["message"]:
                published[target] = next(it["version"] for it in numbers(owner) if it["candidate"] == target)
                stock.pop(0)
            else:
                bad.append((cycle, kind, error["message"]))
        if cycle % 10 == 9:
            report = owner.ask("registry", "verify", place, fails=None)
            order = ["ok", "incomplete", "untrusted", "damaged"]
            worst = max(worst, report["verdict"], key=order.index)
            if report["verdict"] not in order[:2]:
                bad.append((cycle, report["verdict"], report["problems"][:2]))
    case(f"{CYCLES} cycles of approving, publishing and promoting, ended at random moments (seed {SEED})",
         not bad and worst in ("ok", "incomplete") and all(ended.values()) and all(whole.values()), f"killed {ended}, came to their end {whole}, worst verdict on the way: {worst} {bad[:3]}")

    state = owner.ask("registry", "show")
    found = {it["candidate"]: it["version"] for it in numbers(owner)}
    lost = [it for it, number in published.items() if found.get(it) != number]
    case("no publication that was acknowledged is lost", not lost, f"{len(published)} of them {lost[:3]}")
    forgotten = []
    for candidate in approved:
        decisions = owner.ask("release", "show", candidate)["decisions"]
        if not any(it["approved"] and it["name"] == approver.name for it in decisions):
            forgotten.append(candidate)
    case("no approval that was acknowledged is lost", not forgotten, f"{len(approved)} of them {forgotten[:3]}")
    model = next(it for it in state["models"] if it["name"] == MODEL)
    now = next((it["version"] for it in model["versions"] if "champion" in it["aliases"]), None)
    allowed = alias if isinstance(alias, tuple) else (alias,)
    case("the alias is where the last acknowledged move, or one after it that was killed, put it", now in allowed, f"{now} of {allowed}")

    # Repeating what was cut short completes it.
    for candidate in stock:
        approver.ask("release", "approve", candidate, "--reason", "again", fails=None)
        publisher.ask("release", "publish", candidate, fails=None)
    publisher.ask("release", "promote", MODEL, max(found.values()), "--alias", "champion")
    report = owner.ask("registry", "verify", place, fails=None)
    case("it verifies after what was cut short was repeated", report["verdict"] == "ok", f"{len(report['versions'])} versions {report['problems'][:3]}")
    fold = sorted(it["version"] for it in numbers(owner))
    case("the numbers have no gap", fold == list(range(1, len(fold) + 1)), f"1 to {fold[-1]}")


def main():
    client = boto3.client("s3", endpoint_url=ENDPOINT, region_name=KEYS["AWS_REGION"],
                          aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"], aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"])
    if BUCKET not in [it["Name"] for it in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=BUCKET)
    place = f"s3://{BUCKET}/{uuid.uuid4()}"
    room = pathlib.Path(tempfile.mkdtemp())
    ann, bob = Person(room, "Ann"), Person(room, "Bob")
    publishers = [Person(room, f"Publisher{number}") for number in range(PUBLISHERS)]
    ann.ask("registry", "init", place, "--name", "Models")
    for person, role in [(bob, "approver"), *((it, "publisher") for it in publishers)]:
        person.ask("registry", "attach", place)
        card = room / "card.json"
        card.write_text(json.dumps(person.ask("key", "card")))
        ann.ask("registry", "admit", card, "--role", role)
    project = room / "project"
    project.mkdir()
    (project / "model.onnx").write_bytes(pathlib.Path(__file__).resolve().parents[5].joinpath("tests/fixtures/scoring/columns.onnx").read_bytes())
    (project / "proofmark.toml").write_text('[[gate]]\nname = "environment"\nrequired = false\nrule = "environment_known"\n')
    ann.ask("project", "add", project)

    def submit(note):
        return ann.ask("release", "submit", project / "model.onnx", "--name", MODEL, "--purpose", note, "--note", note)["candidate"]

    try:
        first = submit("the first one")
        bob.ask("release", "approve", first, "--reason", "looked at it")
        ann.ask("release", "publish", first, "--alias", "production")
        report = ann.ask("registry", "verify", place, fails=None)
        case("published to a bucket and verified", report["verdict"] == "ok", report["problems"][:2])
        fetched = room / "fetched"
        bob.ask("registry", "fetch", f"{MODEL}@production", "--to", fetched)
        case("fetched", (fetched / "model" / "model.onnx").read_bytes() == (project / "model.onnx").read_bytes())
        mirror = room / "mirror"
        ann.ask("registry", "mirror", mirror)
        report = bob.ask("registry", "verify", mirror, fails=None)
        case("copied to a folder and verified there", report["verdict"] == "ok", report["problems"][:2])
        race(ann, bob, publishers, submit, place)
        kills(ann, bob, publishers[0], submit, place)
    finally:
        shutil.rmtree(room, ignore_errors=True)
    print(f"{len(failed)} cases failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
