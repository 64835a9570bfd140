"""Estimated performance and drift of the data sets that NannyML ships, chunk by chunk, beside NannyML's own.

    pip install nannyml==0.13.1 && python nannyml_sets.py PROOFMARK_PROGRAM

For classifications, accuracy, F1 and AUC by CBPE with the half-width of their sampling intervals (NannyML's three standard errors as 1.96 of
them); for the regressions, MAE and RMSE by direct loss estimation, which uses another learner than NannyML's LightGBM. What turned out to be
true is not looked at here: `nannyml_census.py` does. At last, KS, Wasserstein, chi-square, Jensen-Shannon (categories), Hellinger and L-infinity distance of whole columns.
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
import numpy as np
import pandas as pd

PROGRAM = sys.argv[1]
OURS = {"accuracy": "accuracy", "f1": "f1", "roc_auc": "roc_auc", "mae": "mae", "rmse": "rmse"}


def ask(*arguments):
    answer = subprocess.run([PROGRAM, "--json", *map(str, arguments)], capture_output=True, text=True)
    return json.loads(answer.stdout)


def monitor(folder, reference, analysis, roles, chunk):
    reference.to_parquet(folder / "reference.parquet")
    analysis.to_parquet(folder / "log.parquet")
    roles = [word for role in roles for word in ("--column", role)]
    document = ask("monitor", folder / "log.parquet", "--reference", folder / "reference.parquet", "--window", chunk, *roles)
    if "windows" not in document:
        sys.exit(json.dumps(document, indent=1))
    return document["windows"]


def estimated(name, reference, analysis, roles, chunk, metrics, estimator, **names):
    found = estimator(metrics=metrics, chunk_size=chunk, **names).fit(reference).estimate(analysis).filter(period="analysis").to_df()
    with tempfile.TemporaryDirectory() as folder:
        log = analysis.copy()
        log.insert(0, "request_id", [f"{row:032x}" for row in range(len(log))])
        windows = monitor(Path(folder), reference, log, ["id=request_id", *roles], chunk)
    differences, widths, silent = {it: [] for it in metrics}, [], 0
    for at, window in enumerate(windows[: len(found)]):
        if window["rows"] < chunk:
            continue
        for metric in metrics:
            ours = window["performance"]["estimated"].get(OURS[metric])
            if not ours or ours["value"] is None:
                silent += 1
                continue
            theirs = float(found[(metric, "value")].iloc[at])
            differences[metric].append(abs(ours["value"] - theirs))
            error = float(found[(metric, "sampling_error")].iloc[at])
            if ours["interval"] and error > 0 and ours["interval"][1] < 1:
                widths.append((ours["interval"][1] - ours["interval"][0]) / 2 / (1.96 * error))
    told = ", ".join(f"{it} {max(them):.5f}" if them else f"{it} –" for it, them in differences.items())
    ratio = f"; half-width of the interval over 1.96 of its standard errors: median {np.median(widths):.3f}" if widths else ""
    why = next((it["performance"]["why"] for it in windows if it["performance"]["why"]), "")
    print(f"{name}: {len(found)} chunks, largest difference: {told}{ratio}; {silent} figures withheld{' (' + why + ')' if silent else ''}", flush=True)


def univariate(name, reference, current, numbers, categories):
    """Whole columns, so that no chunk of either program's choosing comes in between."""
    methods = {"kolmogorov_smirnov": "ks", "wasserstein": "wasserstein_raw"}, {"chi2": "chi2", "jensen_shannon": "js", "hellinger": "hellinger", "l_infinity": "l_infinity"}
    found = (
        nml.UnivariateDriftCalculator(
            column_names=numbers + categories, treat_as_categorical=categories, chunk_number=1,
            continuous_methods=list(methods[0]), categorical_methods=list(methods[1]),
            computation_params={"kolmogorov_smirnov": {"calculation_method": "exact"}, "wasserstein": {"calculation_method": "exact"}},
        ).fit(reference).calculate(current).filter(period="analysis").to_df()
    )
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        reference[numbers + categories].to_parquet(folder / "a.parquet")
        current[numbers + categories].to_parquet(folder / "b.parquet")
        document = ask("drift", folder / "a.parquet", folder / "b.parquet")
    columns = {it["name"]: it["statistics"] for it in document["columns"]}
    largest = {}
    for names, those in ((numbers, methods[0]), (categories, methods[1])):
        for column in names:
            for theirs, ours in those.items():
                value = float(found[(column, theirs, "value")].iloc[0])
                mine = columns.get(column, {}).get(ours)
                if mine is not None:
                    largest[ours] = max(largest.get(ours, 0), abs(mine - value) / max(abs(value), 1e-12))
    print(f"{name}: largest relative difference: " + ", ".join(f"{it} {value:.1e}" for it, value in largest.items()), flush=True)


BINARY = ["roc_auc", "f1", "accuracy"]
reference, analysis, _ = nml.load_synthetic_binary_classification_dataset()
estimated("synthetic binary", reference.drop(columns=["identifier", "timestamp"], errors="ignore"), analysis.drop(columns=["identifier", "timestamp"], errors="ignore"),
          ["prediction=y_pred", "score:1=y_pred_proba", "label=work_home_actual"], 5_000, BINARY, nml.CBPE,
          y_pred="y_pred", y_pred_proba="y_pred_proba", y_true="work_home_actual", problem_type="classification_binary")
reference, analysis, _ = nml.load_synthetic_car_loan_dataset()
loan = reference, analysis
drop = lambda table: table.drop(columns=["id", "timestamp", "Unnamed: 0"], errors="ignore")
estimated("car loan", drop(reference), drop(analysis), ["prediction=y_pred", "score:1=y_pred_proba", "label=repaid"], 5_000, BINARY, nml.CBPE,
          y_pred="y_pred", y_pred_proba="y_pred_proba", y_true="repaid", problem_type="classification_binary")
reference, analysis, _ = nml.load_us_census_ma_employment_data()
drop = lambda table: table.drop(columns=["id", "year"], errors="ignore")
estimated("census", drop(reference), drop(analysis), ["prediction=prediction", "score:1=predicted_probability", "label=employed"], 5_000, BINARY, nml.CBPE,
          y_pred="prediction", y_pred_proba="predicted_probability", y_true="employed", problem_type="classification_binary")
reference, analysis, _ = nml.load_modified_california_housing_dataset()
drop = lambda table: table.drop(columns=["timestamp", "identifier"], errors="ignore")
estimated("california housing", drop(reference), drop(analysis), ["prediction=y_pred", "score:1=y_pred_proba", "label=clf_target"], 2_000, BINARY, nml.CBPE,
          y_pred="y_pred", y_pred_proba="y_pred_proba", y_true="clf_target", problem_type="classification_binary")
reference, analysis, _ = nml.load_synthetic_multiclass_classification_dataset()
classes = sorted(reference["y_true"].unique())
scores = {it: f"y_pred_proba_{it}" for it in classes}
drop = lambda table: table.drop(columns=["timestamp", "identifier", "id"], errors="ignore")
estimated("multiclass", drop(reference), drop(analysis), ["prediction=y_pred", *(f"score:{it}={column}" for it, column in scores.items()), "label=y_true"], 6_000, BINARY, nml.CBPE,
          y_pred="y_pred", y_pred_proba=scores, y_true="y_true", problem_type="classification_multiclass")
reference, analysis, _ = nml.load_synthetic_car_price_dataset()
features = [it for it in analysis if it not in ("timestamp", "y_pred", "y_true", "id")]
drop = lambda table: table.drop(columns=["timestamp", "id"], errors="ignore")
estimated("car price", drop(reference), drop(analysis), ["prediction=y_pred", "label=y_true"], 6_000, ["mae", "rmse"], nml.DLE,
          feature_column_names=features, y_pred="y_pred", y_true="y_true")
reference, analysis = loan
univariate("car loan", reference, analysis, ["car_value", "debt_to_income_ratio", "loan_length", "driver_tenure"], ["salary_range", "repaid_loan_on_prev_car", "size_of_downpayment"])
reference, analysis, _ = nml.load_us_census_ma_employment_data()
univariate("census", reference, analysis, ["AGEP"], ["SCHL", "MAR", "RELP", "DIS", "ESP", "CIT", "MIG", "MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM", "SEX", "RAC1P"])
