"""How long it takes to submit, publish, verify and fetch a large model, beside `cp` with `sha256sum` and `model_signing sign`, in one run.

    pip install model-signing
    python release_speed.py PROOFMARK [GIB]

PROOFMARK is a release build. Needs about five times the size in free space below the folder for temporary files.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main():
    program, gib = sys.argv[1], float((sys.argv[2:] or ["2"])[0])
    room = Path(tempfile.mkdtemp(prefix="proofmark-speed-"))
    try:
        measure(program, gib, room)
    finally:
        shutil.rmtree(room)


def measure(program, gib, room):
    environment = {**os.environ, "PROOFMARK_PASSPHRASE": "a passphrase for measuring"}

    def ask(home, *arguments):
        done = subprocess.run(
            [program, "--json", "--home", str(room / home), *map(str, arguments)],
            env=environment, capture_output=True, text=True,
        )
        if done.returncode not in (0, 1):
            raise SystemExit(f"{arguments}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def timed(name, work):
        os.sync()
        begin = time.perf_counter()
        result = work()
        took = time.perf_counter() - begin
        print(f"{name:58} {took:7.2f} s", flush=True)
        return took, result

    project = room / "project"
    (project / "models").mkdir(parents=True)
    model = project / "models" / "weights.bin"
    piece = os.urandom(64 << 20)
    with open(model, "wb") as file:
        for at in range(int(gib * 16)):
            file.write(at.to_bytes(8, "little") + piece[8:])
    (project / "proofmark.toml").write_text('[release]\nmodel = "large"\n[[gate]]\nname = "committed"\nrequired = false\nrule = "code_committed"\n')
    print(f"{model.stat().st_size / 2**30:.2f} GiB, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")

    for home, name in [("ada", "Ada"), ("bob", "Bob")]:
        ask(home, "key", "create", "--name", name)
    timed("proofmark project add (hashes it once)", lambda: ask("ada", "project", "add", project))
    ask("ada", "registry", "init", room / "registry")
    card = room / "bob.json"
    card.write_text(json.dumps(ask("bob", "key", "card")))
    ask("ada", "registry", "admit", card, "--role", "approver")
    ask("bob", "registry", "attach", room / "registry")

    def copied():
        subprocess.run(["cp", model, room / "copy.bin"], check=True)
        subprocess.run(["sync", room / "copy.bin"], check=True)

    cp, _ = timed("cp and sync", copied)
    sha, _ = timed("sha256sum", lambda: subprocess.run(["sha256sum", room / "copy.bin"], check=True, capture_output=True))
    (room / "copy.bin").unlink()
    submit, answer = timed("proofmark release submit", lambda: ask("ada", "release", "submit", model, "--purpose", "measuring", "--name", "large", "--no-scan"))
    candidate = answer["candidate"]
    approve, _ = timed("proofmark release approve", lambda: ask("bob", "release", "approve", candidate, "--reason", "fine"))
    publish, _ = timed("proofmark release publish", lambda: ask("ada", "release", "publish", candidate, "--alias", "production", "--confirm", "large"))
    verify, report = timed("proofmark registry verify", lambda: ask("bob", "registry", "verify", room / "registry"))
    if report["verdict"] != "ok":
        raise SystemExit(report)
    fetch, _ = timed("proofmark registry fetch", lambda: ask("bob", "registry", "fetch", "large@production", "--to", room / "out"))
    shutil.rmtree(room / "out")

    key, public = room / "key.pem", room / "public.pem"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    subprocess.run(["openssl", "ec", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    folder = room / "signed"
    folder.mkdir()
    os.link(model, folder / "weights.bin")
    sign, _ = timed("model_signing sign", lambda: subprocess.run([Path(sys.executable).parent / "model_signing", "sign", "key", folder, "--private_key", key, "--signature", room / "model.sig"], check=True, capture_output=True))
    theirs, _ = timed("model_signing verify", lambda: subprocess.run([Path(sys.executable).parent / "model_signing", "verify", "key", folder, "--public_key", public, "--signature", room / "model.sig"], check=True, capture_output=True))

    once = cp + sha
    print(f"\nsubmit and publish / (cp + sha256sum) = {(submit + publish) / once:.2f}; verify / sha256sum = {verify / sha:.2f}")
    print(f"submit, publish / cp = {(submit + publish) / cp:.2f}; publish / model_signing sign = {publish / sign:.2f}; verify / model_signing verify = {verify / theirs:.2f}")


if __name__ == "__main__":
    main()
