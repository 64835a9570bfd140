"""Signs models with the reference tool in every form that it has, changes them in every way, and compares its verdict with ours.

    python -m venv .venv
    .venv/bin/pip install model-signing==1.1.1 pyopenssl
    .venv/bin/python theirs.py PROGRAM

PROGRAM is `proofmark-verify`. Prints one line a case; exits with 1 if any verdict differs from what the case says. Where we are
stricter than the tool on purpose, the case says so.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[5] / "tests/fixtures/registry"))
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from make_bundles import certificate, write_key  # noqa: E402
from model_signing import hashing, signing, verifying  # noqa: E402

PROGRAM = sys.argv[1]
wrong = []


def make(folder):
    model = folder / "model"
    for name, content in {"model.pkl": b"p" * 3000, "sub/a.txt": b"a", "sub/deep/b.json": b"{}", "empty": b"", "ä ö.txt": b"u"}.items():
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_bytes(content)
    return model


def ours(model, signature, *more):
    done = subprocess.run([PROGRAM, "model", model, "--signature", signature, *map(str, more)], capture_output=True, text=True)
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError:
        return "crash", done.stdout + done.stderr
    return answer.get("verdict", "error"), answer.get("reason") or json.dumps(answer)


def theirs(model, signature, public_key, **how):
    try:
        verifying.Config().use_elliptic_key_verifier(public_key=public_key).set_ignore_unsigned_files(
            how.get("ignore_unsigned", False)
        ).verify(model, signature)
        return "ok"
    except Exception as error:  # whatever it says, it refused
        return f"refused: {type(error).__name__}"


def case(name, verdict, expected, note=""):
    what, reason = verdict
    good = what == expected
    print(f"{'ok  ' if good else 'BAD '} {name}: {what} ({str(reason)[:110]}) {note}")
    if not good:
        wrong.append(name)


def public_of(key, path):
    path.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return path


def main():
    room = pathlib.Path(tempfile.mkdtemp())
    keys = {}
    for name, curve in [("p256", ec.SECP256R1()), ("p384", ec.SECP384R1()), ("p521", ec.SECP521R1())]:
        key = ec.generate_private_key(curve)
        write_key(room / f"{name}.key", key)
        keys[name] = (room / f"{name}.key", public_of(key, room / f"{name}.pub"))

    forms = {
        "files": hashing.Config(),
        "files, blake3": hashing.Config().use_file_serialization(hashing_algorithm="blake3"),
        "shards of 1000": hashing.Config().use_shard_serialization(shard_size=1000),
        "shards of the default": hashing.Config().use_shard_serialization(),
        "git paths signed": hashing.Config().set_ignored_paths(paths=[], ignore_git_paths=False),
        "ignoring a text": hashing.Config().set_ignored_paths(paths=["sub/a.txt"]),
        "ignoring a folder": hashing.Config().set_ignored_paths(paths=["sub/"]),
        "ignoring what is not there": hashing.Config().set_ignored_paths(paths=["none.txt"]),
    }
    for curve, (private, public) in keys.items():
        for form, config in forms.items():
            folder = room / f"{curve} {form}"
            model, signature = make(folder), folder / "model.sig"
            (model / ".gitignore").write_text("x")
            signing.Config().set_hashing_config(config).use_elliptic_key_signer(private_key=private).sign(model, signature)
            more = ["--no-ignore-git-paths"] if form == "git paths signed" else []
            case(f"{curve}, {form}", ours(model, signature, "--public-key", public, *more), "ok", theirs(model, signature, public))

    private, public = keys["p256"]
    other = keys["p384"][1]

    def fresh(name, config=None, inside=False):
        folder = room / f"tampered {name}"
        model = make(folder)
        signature = (model if inside else folder) / "model.sig"
        signer = signing.Config().use_elliptic_key_signer(private_key=private)
        if config:
            signer = signer.set_hashing_config(config)
        signer.sign(model, signature)
        return model, signature

    model, signature = fresh("signature inside", hashing.Config().set_ignored_paths(paths=["model.sig"]), inside=True)
    case("signature inside the model", ours(model, signature, "--public-key", public), "ok", theirs(model, signature, public))

    def tampered(name, change, *more, expected="refused", config=None):
        model, signature = fresh(name, config)
        change(model, signature)
        case(name, ours(model, signature, "--public-key", public, *more), expected, theirs(model, signature, public))

    tampered("a byte changed", lambda m, s: (m / "model.pkl").write_bytes(b"q" + b"p" * 2999))
    tampered("a file cut short", lambda m, s: (m / "model.pkl").write_bytes(b"p" * 2999))
    tampered("a file removed", lambda m, s: (m / "sub/a.txt").unlink())
    tampered("an empty file removed", lambda m, s: (m / "empty").unlink())
    tampered("a file added", lambda m, s: (m / "x.py").write_text("import os"))
    tampered("a file added, allowed", lambda m, s: (m / "x.py").write_text("x"), "--ignore-unsigned-files", expected="ok")
    tampered("a file renamed", lambda m, s: (m / "sub/a.txt").rename(m / "sub/c.txt"))
    tampered("a file moved", lambda m, s: (m / "sub/a.txt").rename(m / "a.txt"))
    tampered("two files exchanged", lambda m, s: (
        (m / "sub/a.txt").rename(m / "t"), (m / "sub/deep/b.json").rename(m / "sub/a.txt"), (m / "t").rename(m / "sub/deep/b.json")))
    tampered("a file replaced by a link", lambda m, s: (shutil.move(m / "model.pkl", m.parent / "p"), os.symlink(m.parent / "p", m / "model.pkl")))
    tampered("a link added", lambda m, s: os.symlink("/etc/passwd", m / "link"))
    tampered("a hidden file added", lambda m, s: (m / ".hidden").write_text("x"))
    tampered("a pipe added", lambda m, s: os.mkfifo(m / "pipe"))
    tampered("git files added", lambda m, s: (m / ".gitignore").write_text("x"), expected="ok")
    tampered("git files added, not ignored", lambda m, s: (m / ".gitignore").write_text("x"), "--no-ignore-git-paths", expected="ok")
    tampered("shards: a byte changed", lambda m, s: (m / "model.pkl").write_bytes(b"p" * 2500 + b"q" + b"p" * 499),
             config=hashing.Config().use_shard_serialization(shard_size=1000))
    tampered("shards: a byte appended", lambda m, s: (m / "model.pkl").write_bytes(b"p" * 3001),
             config=hashing.Config().use_shard_serialization(shard_size=1000))
    tampered("blake3: a byte changed", lambda m, s: (m / "model.pkl").write_bytes(b"q" + b"p" * 2999),
             config=hashing.Config().use_file_serialization(hashing_algorithm="blake3"))
    tampered("the model left out", lambda m, s: None, config=hashing.Config().set_ignored_paths(paths=["model.pkl"]))
    tampered("the model's folder left out", lambda m, s: None, config=hashing.Config().set_ignored_paths(paths=["model.pkl", "sub"]))

    def bundle(change):
        def apply(_, signature):
            document = json.loads(signature.read_text())
            change(document)
            signature.write_text(json.dumps(document))
        return apply

    def payload(change):
        def apply(document):
            envelope = document["dsseEnvelope"]
            statement = json.loads(base64.b64decode(envelope["payload"]))
            change(statement)
            envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
        return bundle(apply)

    def resources(statement):
        return statement["predicate"]["resources"]

    tampered("payload: a digest changed", payload(lambda it: resources(it)[0].update(digest="0" * 64)))
    tampered("payload: a resource removed", payload(lambda it: resources(it).pop()))
    tampered("payload: path leaves", payload(lambda it: resources(it)[0].update(name="../x")))
    tampered("payload: ignore list widened", payload(lambda it: it["predicate"]["serialization"].update(ignore_paths=["."])))
    tampered("payload: subject changed", payload(lambda it: it["subject"][0]["digest"].update(sha256="0" * 64)))
    tampered("payload type changed", bundle(lambda it: it["dsseEnvelope"].update(payloadType="text/plain")))
    tampered("signature removed", bundle(lambda it: it["dsseEnvelope"].update(signatures=[])))
    tampered("signature doubled", bundle(lambda it: it["dsseEnvelope"]["signatures"].append(it["dsseEnvelope"]["signatures"][0])))
    tampered("signature garbage", bundle(lambda it: it["dsseEnvelope"]["signatures"][0].update(sig="AAAA")))
    tampered("hint of another key", bundle(lambda it: it["verificationMaterial"]["publicKey"].update(hint="0" * 64)))
    tampered("media type changed", bundle(lambda it: it.update(mediaType="application/json")))
    tampered("cut short", lambda m, s: s.write_bytes(s.read_bytes()[:-20]))
    tampered("empty", lambda m, s: s.write_bytes(b""))
    tampered("not JSON", lambda m, s: s.write_bytes(b"\xff\x00" * 20))
    tampered("a list", lambda m, s: s.write_text("[1]"))

    model, signature = fresh("another key")
    case("another key", ours(model, signature, "--public-key", other), "refused", theirs(model, signature, other))
    (model / "sub/a.txt").write_bytes(b"another")
    case("the signature of another model", ours(model, room / "p256 shards of 1000/model.sig", "--public-key", public), "refused")

    # Links, signed and verified with both sides saying so.
    folder = room / "links"
    model, signature = make(folder), folder / "model.sig"
    os.symlink("sub/a.txt", model / "link.txt")
    signing.Config().set_hashing_config(hashing.Config().set_allow_symlinks(True)).use_elliptic_key_signer(private_key=private).sign(model, signature)
    case("links allowed", ours(model, signature, "--public-key", public, "--allow-symlinks"), "ok", theirs(model, signature, public))
    case("links not allowed", ours(model, signature, "--public-key", public), "refused")
    os.remove(model / "link.txt")
    os.symlink("model.pkl", model / "link.txt")
    case("a link that points elsewhere now", ours(model, signature, "--public-key", public, "--allow-symlinks"), "refused", theirs(model, signature, public))

    # A single file.
    folder = room / "single"
    folder.mkdir()
    (folder / "m.onnx").write_bytes(b"o" * 100)
    signing.Config().use_elliptic_key_signer(private_key=private).sign(folder / "m.onnx", folder / "m.sig")
    case("a single file", ours(folder / "m.onnx", folder / "m.sig", "--public-key", public), "ok", theirs(folder / "m.onnx", folder / "m.sig", public))
    (folder / "m.onnx").write_bytes(b"o" * 99 + b"x")
    case("a single file changed", ours(folder / "m.onnx", folder / "m.sig", "--public-key", public), "refused")

    # Certificates.
    names = {}
    for name, issuer, authority, length in [("root", "root", True, None), ("inter", "root", True, 0), ("leaf", "inter", False, None), ("other", "other", True, None)]:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer_key = key if issuer == name else names[issuer][0]
        names[name] = (key, certificate(name, key, issuer, issuer_key, authority, length))
        write_key(room / f"{name}.key", key)
        (room / f"{name}.pem").write_bytes(names[name][1].public_bytes(serialization.Encoding.PEM))
    folder = room / "certificates"
    model, signature = make(folder), folder / "model.sig"
    signing.Config().use_certificate_signer(
        private_key=room / "leaf.key", signing_certificate=room / "leaf.pem", certificate_chain=[room / "inter.pem"]
    ).sign(model, signature)
    case("a chain to its root", ours(model, signature, "--certificate-chain", room / "root.pem"), "ok")
    case("a chain to its root and intermediate", ours(model, signature, "--certificate-chain", room / "inter.pem", "--certificate-chain", room / "root.pem"), "ok")
    case("a chain to a stranger", ours(model, signature, "--certificate-chain", room / "other.pem"), "refused")
    case("a chain where a key is given", ours(model, signature, "--public-key", public), "refused")
    (model / "model.pkl").write_bytes(b"q" * 3000)
    case("a chain, and a byte changed", ours(model, signature, "--certificate-chain", room / "root.pem"), "refused")

    shutil.rmtree(room)
    print(f"{len(wrong)} of the cases are not as they should be: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
