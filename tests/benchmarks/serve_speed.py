"""Latency and throughput of `proofmark serve` and `proofmark gateway` beside onnxruntime behind a plain HTTP server, on the same model and requests.

    pip install onnxruntime
    python serve_speed.py PROOFMARK MODEL.onnx RECORD.json [SECONDS]

MODEL and RECORD are a pair of tests/fixtures/scoring. Both servers listen on loopback, `wrk` asks each for one row
at a time, over one connection and over eight. The server of onnxruntime is as small as Python allows: one process of asyncio that reads a request of known length, evaluates
(one thread), and answers; it writes no log. Ours write every answer to their logs before it is given.
"""

import asyncio
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time


async def plain(model, port):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    kinds = {"FP32": numpy.float32, "INT64": numpy.int64, "BYTES": object, "FP64": numpy.float64}

    async def serve(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(re.search(rb"content-length: (\d+)", head)[1])
                asked = json.loads(await reader.readexactly(length))
                inputs = {it["name"]: numpy.array(it["data"], kinds[it["datatype"]]).reshape(it["shape"]) for it in asked["inputs"]}
                names = [it.name for it in session.get_outputs()]
                outputs = [{"name": name, "data": it.tolist() if hasattr(it, "tolist") else [list(row.values()) for row in it]} for name, it in zip(names, session.run(None, inputs))]
                body = json.dumps({"outputs": outputs}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


def request(record):
    names = {"tensor(float)": "FP32", "tensor(int64)": "INT64", "tensor(string)": "BYTES", "tensor(double)": "FP64"}
    inputs = [{"name": name, "shape": [1, len(it["values"][1])], "datatype": names[it["type"]], "data": it["values"][1]} for name, it in record["inputs"].items()]
    return json.dumps({"inputs": inputs})


def measure(what, url, body, seconds, folder, connections):
    script = folder / "ask.lua"
    script.write_text(f'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [[{body}]]\n')
    command = ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures = dict(re.findall(r"(50|99)%\s+([\d.]+\w+)", told))
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)[1]
    print(f"{what}: {rate} requests/s, p50 {figures['50']}, p99 {figures['99']}" + (f", {failed[1]} FAILED" if failed else ""), flush=True)


def main():
    if sys.argv[1] == "--plain":
        asyncio.run(plain(sys.argv[2], int(sys.argv[3])))
        return
    proofmark, model, record = sys.argv[1], pathlib.Path(sys.argv[2]), json.loads(pathlib.Path(sys.argv[3]).read_text())
    seconds = int(sys.argv[4]) if len(sys.argv) > 4 else 15
    body = request(record)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        home = ["--home", str(folder / "home")]
        python = [sys.executable, __file__, "--plain", str(model), "8911"]
        serve = [proofmark, *home, "serve", str(model), "--name", "m", "--log", str(folder / "serve.jsonl"), "--listen", "127.0.0.1:8912"]
        gateway = [proofmark, *home, "gateway", "--upstream", "http://127.0.0.1:8911", "--log", str(folder / "gateway.jsonl"), "--listen", "127.0.0.1:8913"]
        for what, commands, port in [
            ("onnxruntime, asyncio, no log", [python], 8911),
            ("the same behind proofmark gateway, every answer logged", [python, gateway], 8913),
            ("proofmark serve, every answer logged", [serve], 8912),
        ]:
            children = [subprocess.Popen(it, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for it in commands]
            try:
                time.sleep(3)
                for connections in (1, 8):
                    measure(f"{what}, {connections} at once", f"http://127.0.0.1:{port}/v2/models/m/infer", body, seconds, folder, connections)
            finally:
                for child in children:
                    child.terminate()
                for child in children:
                    child.wait()


main()
