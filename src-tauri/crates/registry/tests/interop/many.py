"""Many processes that publish into one model at once: this registry's test program and MLflow's file store, in one run.

    pip install mlflow-skinny==3.17.2
    python many.py TEST-PROGRAM [PROCESSES [VERSIONS-EACH]]

TEST-PROGRAM is the compiled `promises` of this crate (`cargo test --release -p proofmark-registry --test promises --no-run`).
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter


def publish(order):
    uri, each = order
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    numbers, errors = [], Counter()
    for _ in range(each):
        try:
            numbers.append(int(client.create_model_version("churn", "file:///model", run_id=None).version))
        except Exception as error:  # whatever its store says is the answer
            errors[f"{type(error).__name__}: {str(error)[:60]}"] += 1
    return numbers, errors


def main():
    program, *numbers = sys.argv[1:]
    processes, each = ([int(number) for number in numbers] + [64, 100][len(numbers) :])[:2]
    environment = {**os.environ, "PROOFMARK_WRITERS": str(processes), "PROOFMARK_VERSIONS": str(each)}
    begin = time.time()
    ours = subprocess.run(
        [program, "many::processes_that_publish_at_once_get_contiguous_numbers", "--exact", "--nocapture"],
        env=environment, capture_output=True, text=True,
    )
    told = [line for line in ours.stdout.splitlines() if "processes," in line or "panicked" in line or "failed" in line]
    print(f"proofmark: exit {ours.returncode}, {time.time() - begin:.0f} s; {' '.join(told)}")

    with tempfile.TemporaryDirectory() as room:
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        uri = f"file://{room}/store"
        import mlflow

        mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri).create_registered_model("churn")
        begin = time.time()
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            found = pool.map(publish, [(uri, each)] * processes, chunksize=1)
        numbers = [number for part, _ in found for number in part]
        errors = sum((part for _, part in found), Counter())
        wanted = processes * each
        print(
            f"mlflow {mlflow.__version__} file store: {time.time() - begin:.0f} s; {len(numbers)} of {wanted} acknowledged, "
            f"{len(numbers) - len(set(numbers))} numbers given twice, {sum(errors.values())} errors {dict(errors.most_common(3))}"
        )


if __name__ == "__main__":
    main()
