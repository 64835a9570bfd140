"""Answers a month of requests with the model and logs each answer under its UUID.

    python src/score.py --month 2026-10

The service that Kestrel Credit runs is not part of this project. This script replays its requests: one for each customer of
the month, at moments and with identifiers drawn from a fixed seed, answered by the model in models/.
"""

import argparse
import hashlib
import json
import uuid
from datetime import timedelta

import joblib
import numpy as np
import pandas as pd
import yaml

from config import LOGS_DIR, MODELS_DIR, PARAMS_FILE, PRODUCTION_DATA_DIR

CALLERS = ["loan-desk-web", "branch-app", "partner-api"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--month", required=True, help="such as 2026-10")
    month = parser.parse_args().month
    with open(PARAMS_FILE, encoding="utf-8") as file:
        params = yaml.safe_load(file)["score"]

    model_file = MODELS_DIR / "credit_model.joblib"
    model = joblib.load(model_file)
    digest = "sha256:" + hashlib.sha256(model_file.read_bytes()).hexdigest()
    features = pd.read_parquet(PRODUCTION_DATA_DIR / f"features_{month}.parquet")
    columns = list(model.feature_names_in_)
    probability = model.predict_proba(features[columns])[:, 1]

    rng = np.random.default_rng(params["seed"])
    start = pd.Timestamp(f"{month}-01", tz="UTC")
    days = start.days_in_month
    # Office hours, UTC.
    moments = rng.integers(0, days, len(features)) * 86_400_000 + rng.integers(7 * 3_600_000, 19 * 3_600_000, len(features))
    callers = rng.choice(CALLERS, len(features), p=[0.6, 0.3, 0.1])
    rows = json.loads(features.to_json(orient="records"))

    with open(LOGS_DIR / f"predictions_{month}.jsonl", "w", encoding="utf-8", newline="\n") as log:
        for at in np.argsort(moments, kind="stable"):
            moment = start + timedelta(milliseconds=int(moments[at]))
            answer = {
                "request_id": str(uuid.UUID(bytes=rng.bytes(16), version=4)),
                "time": moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z",
                "model": params["model"],
                "model_version": params["version"],
                "model_digest": digest,
                "customer_id": rows[at]["customer_id"],
                "inputs": {name: rows[at][name] for name in columns},
                "output": {
                    "probability": round(float(probability[at]), 6),
                    "label": "reject" if probability[at] >= params["reject_from"] else "accept",
                },
                "caller": str(callers[at]),
            }
            log.write(json.dumps(answer, separators=(",", ":")) + "\n")
    print(f"{len(features)} requests answered")


if __name__ == "__main__":
    main()
