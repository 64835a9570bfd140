"""Estimated performance of the census data that NannyML ships, chunk by chunk, beside NannyML's own and what turned out to be true.

    pip install nannyml==0.13.1 && python nannyml_census.py PROOFMARK_PROGRAM

The reference is Massachusetts in 2015; chunks are of 5,000 rows, as in NannyML's own example.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import nannyml as nml
from sklearn.metrics import accuracy_score, roc_auc_score

CHUNK = 5_000
reference, analysis, truth = nml.load_us_census_ma_employment_data()
found = (
    nml.CBPE(y_pred="prediction", y_pred_proba="predicted_probability", y_true="employed", problem_type="classification_binary",
             metrics=["roc_auc", "accuracy"], chunk_size=CHUNK)
    .fit(reference).estimate(analysis).filter(period="analysis").to_df()
)
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    features = [it for it in analysis if it not in ("id", "year", "prediction", "predicted_probability")]
    log = analysis.rename(columns={"id": "request_id"}).drop(columns="year")
    log.to_parquet(folder / "log.parquet")
    reference.drop(columns=["id", "year"]).to_parquet(folder / "reference.parquet")
    asked = [sys.argv[1], "--json", "monitor", str(folder / "log.parquet"), "--reference", str(folder / "reference.parquet"), "--window", str(CHUNK)]
    for role in ["id=request_id", "prediction=prediction", "score:1=predicted_probability", *(f"input={it}" for it in features)]:
        asked += ["--column", role]
    answer = subprocess.run(asked, capture_output=True, text=True)
    document = json.loads(answer.stdout)
if "windows" not in document:
    sys.exit(json.dumps(document, indent=1))
labels = truth.set_index("id")["employed"].loc[analysis["id"]].to_numpy()
print("chunk   accuracy: ours   NannyML    true | AUC: ours   NannyML    true | why there is no number")
given, differences = 0, []
for at, window in enumerate(document["windows"]):
    rows = slice(at * CHUNK, at * CHUNK + window["rows"])
    if at >= len(found):
        break
    true = accuracy_score(labels[rows], analysis["prediction"][rows]), roc_auc_score(labels[rows], analysis["predicted_probability"][rows])
    ours = [window["performance"]["estimated"].get(it, {"value": None, "why": window["performance"]["why"]}) for it in ("accuracy", "roc_auc")]
    theirs = [float(found[(it, "value")].iloc[at]) for it in ("accuracy", "roc_auc")]
    show = lambda value: f"{value:.4f}" if value is not None else "     –"
    print(f"{at:>5}   {show(ours[0]['value']):>14} {theirs[0]:>9.4f} {true[0]:>7.4f} | {show(ours[1]['value']):>9} {theirs[1]:>9.4f} {true[1]:>7.4f} | {'' if ours[0]['value'] is not None else ours[0]['why'][:110]}")
    if ours[0]["value"] is not None:
        given += 1
        differences.append([abs(ours[0]["value"] - theirs[0]), abs((ours[1]["value"] or theirs[1]) - theirs[1]), abs(theirs[0] - true[0])])
print(f"{given} of {min(len(found), len(document['windows']))} chunks have a number; largest difference to NannyML: "
      f"accuracy {max((it[0] for it in differences), default=0):.4f}, AUC {max((it[1] for it in differences), default=0):.4f}")
