"""Trains the credit model and measures it on customers it has not seen.

    python src/train.py [--regularisation C]
"""

import argparse
import json

import joblib
import pandas as pd
import yaml
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from config import MODELS_DIR, PARAMS_FILE, PROCESSED_DATA_DIR


def main():
    with open(PARAMS_FILE, encoding="utf-8") as file:
        params = yaml.safe_load(file)["train"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regularisation", type=float, default=params["regularisation"], help="inverse strength")
    regularisation = parser.parse_args().regularisation

    train = pd.read_parquet(PROCESSED_DATA_DIR / "train.parquet")
    holdout = pd.read_parquet(PROCESSED_DATA_DIR / "holdout.parquet")
    columns = params["numbers"] + params["categories"]

    model = Pipeline(
        [
            (
                "columns",
                ColumnTransformer(
                    [
                        ("numbers", StandardScaler(), params["numbers"]),
                        ("categories", OneHotEncoder(handle_unknown="ignore"), params["categories"]),
                    ]
                ),
            ),
            ("classifier", LogisticRegression(C=regularisation, max_iter=500)),
        ]
    )
    model.fit(train[columns], train[params["target"]])

    truth = holdout[params["target"]]
    predicted = model.predict_proba(holdout[columns])[:, 1]
    metrics = {
        "auc": round(float(roc_auc_score(truth, predicted)), 4),
        "average_precision": round(float(average_precision_score(truth, predicted)), 4),
        "brier": round(float(brier_score_loss(truth, predicted)), 4),
        "log_loss": round(float(log_loss(truth, predicted)), 4),
        "train_rows": len(train),
        "holdout_rows": len(holdout),
    }
    joblib.dump(model, MODELS_DIR / "credit_model.joblib")
    with open(MODELS_DIR / "metrics.json", "w", encoding="utf-8", newline="\n") as file:
        json.dump(metrics, file, indent=2)
        file.write("\n")
    print(f"AUC {metrics['auc']} on {len(holdout)} customers")


if __name__ == "__main__":
    main()
