"""False alarms and power of Evidently and NannyML with their defaults, on the data of `cargo run --release -p proofmark-analysis --example calibration`.

    pip install evidently nannyml && python calibration.py [--quick]

Both programs draw every value from its trial, table, column and row alone (SplitMix64), so they compare the same tables. What is counted:
Evidently's DataDriftPreset (KS or chi-square below 0.05 up to 1,000 rows, else the normalised Wasserstein or Jensen-Shannon distance from
0.1 on): any drifted column, and its verdict on the table (half of the columns). NannyML's univariate calculator (Jensen-Shannon distance beyond
three standard deviations of the reference's chunks) and its domain classifier (AUC above 0.65), both with their ten chunks: any alert in any
chunk. A label is a further column to both.
"""

import logging
import sys
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import lightgbm
import nannyml
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset



class Quiet:
    """Takes LightGBM's remarks, which go past Python's own filters."""

    def info(self, _):
        pass

    warning = info


lightgbm.register_logger(Quiet())
U = np.uint64
MASK = (1 << 64) - 1


def mix(z):
    """The finaliser of SplitMix64, on a number or an array."""
    if isinstance(z, int):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)
    z = (z ^ (z >> U(30))) * U(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U(27))) * U(0x94D049BB133111EB)
    return z ^ (z >> U(31))


def uniform(n, trial, table, column, draw):
    key = mix(mix(mix((trial * 2 + table) & MASK) ^ (column * 0x9E3779B9 & MASK)) ^ draw)
    with np.errstate(over="ignore"):
        steps = np.arange(1, n + 1, dtype=U) * U(0x9E3779B97F4A7C15) + U(key)
        return (mix(steps) >> U(11)).astype(float) / 2.0**53


def normals(n, trial, table, column):
    u, v = uniform(n, trial, table, column, 0), uniform(n, trial, table, column, 1)
    return np.sqrt(-2.0 * np.log(1.0 - u)) * np.cos(2 * np.pi * v)


def table(n, columns, change, trial, current):
    side = int(current)
    first, fourth = normals(n, trial, side, 0), normals(n, trial, side, 3)
    if current and change == "correlation":
        fourth = 0.6 * first + 0.8 * fourth
    found = {}
    for column in range(columns):
        name = f"c{column}"
        if column % 3 == 2:
            codes = np.array([0, 0, 0, 1, 1, 2, 3, 4])[(uniform(n, trial, side, column, 0) * 8).astype(int)]
            if current and change == "rare" and column == 2:
                codes = np.where(uniform(n, trial, side, column, 1) < 0.01, 7, codes)
            found[name] = pd.Series(codes).map(lambda it: f"k{it}")
        elif column == 0:
            found[name] = first + (change if current and isinstance(change, float) else 0.0)
        elif column == 3:
            found[name] = fourth
        elif column % 3 == 1:
            found[name] = np.exp(normals(n, trial, side, column))
        else:
            found[name] = normals(n, trial, side, column)
    if change == "label":
        cause = fourth if current else first
        found["label"] = np.where(cause + 0.5 * normals(n, trial, side, 1_000_000) > 0, "yes", "no")
    return pd.DataFrame(found)


def evidently_alarms(reference, current):
    numeric = [it for it in reference if pd.api.types.is_numeric_dtype(reference[it])]
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=[it for it in reference if it not in numeric])
    run = Report([DataDriftPreset()]).run(
        current_data=Dataset.from_pandas(current, data_definition=definition),
        reference_data=Dataset.from_pandas(reference, data_definition=definition),
    )
    drifted, whole = set(), False
    for metric in run.dict()["metrics"]:
        config = metric["config"]
        if "ValueDrift" in config["type"]:
            score, method, limit = float(metric["value"]), config["method"], config["threshold"]
            # Tests give p-values, distances grow with the difference.
            if score < limit if "p_value" in method else score >= limit:
                drifted.add(config["column"])
        elif "DriftedColumnsCount" in config["type"]:
            whole = metric["value"]["share"] >= config.get("drift_share", 0.5)
    return drifted, whole


def nannyml_alarms(reference, current):
    calculator = nannyml.UnivariateDriftCalculator(column_names=list(reference))
    found = calculator.fit(reference).calculate(current).filter(period="analysis").to_df()
    drifted = {column for column in reference if found[column]["jensen_shannon"]["alert"].any()}
    try:
        classifier = nannyml.DomainClassifierCalculator(feature_column_names=list(reference))
        result = classifier.fit(reference).calculate(current).filter(period="analysis").to_df()
        joint = bool(result["domain_classifier_auroc"]["alert"].any())
    except Exception as error:  # what the tool cannot do is no alarm, but is told
        print("NannyML's domain classifier:", error, file=sys.stderr)
        joint = False
    return drifted, joint


def line(name, n, columns, change, trials):
    moved = "c0" if isinstance(change, float) else "c2" if change == "rare" else None
    sums, began = np.zeros(6), time.time()
    for trial in range(trials):
        seed = trial * 1_000_003 + n * 31 + columns
        reference, current = table(n, columns, change, seed, False), table(n, columns, change, seed, True)
        a, whole = evidently_alarms(reference, current)
        b, joint = nannyml_alarms(reference, current)
        sums += [bool(a), moved in a, whole, bool(b), moved in b, joint]
    cells = [f"{100 * it / trials:.1f}" for it in sums]
    if moved is None:
        cells[1] = cells[4] = "–"
    print(f"{name:<22} {n:>9} {columns:>5} {trials:>5} | {cells[0]:>7} {cells[1]:>6} {cells[2]:>6} | {cells[3]:>7} {cells[4]:>6} {cells[5]:>6} | {(time.time() - began) / trials:8.2f}", flush=True)


quick = "--quick" in sys.argv
few = (lambda trials: -(-trials // 8)) if quick else (lambda trials: trials)
print("in percent of the comparisons; seconds are of one comparison by both")
print("                                              | Evidently             | NannyML")
print("change                      rows  cols  runs | columns  moved  table | columns  moved  joint |  seconds")
for n, columns, trials in [(200, 10, 40), (200, 50, 10), (1_000, 10, 40), (1_000, 50, 10), (10_000, 10, 16), (10_000, 50, 4), (200_000, 10, 2)]:
    line("none", n, columns, None, few(trials))
for name, change in [("shift 0.1", 0.1), ("shift 0.2", 0.2), ("shift 0.5", 0.5), ("new category 1 %", "rare"), ("correlation 0 to 0.6", "correlation"), ("label only", "label")]:
    for n, trials in [(200, 40), (1_000, 40), (10_000, 16)]:
        line(name, n, 10, change, few(trials))
