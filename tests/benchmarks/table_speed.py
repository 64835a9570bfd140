"""Time and peak memory of Proofmark and of its peers over the same tables, in one run.

    pip install duckdb polars numpy pyarrow
    python table_speed.py PROOFMARK [--rows 1000000] [--large 10000000] [--only WORD,…] [--peer NAME=PYTHON …]

A table has 30 columns: normal, log-normal and Poisson numbers, categories of 4 to 36 values, an identifier, a truth value, a time, a city, and
numbers of which a tenth is missing. It is written as Parquet and CSV, twice, the second time with some columns moved. A peer is run by the
interpreter that `--peer` names for it (tools that exclude each other live in environments of their own); one that is not named is run by
this interpreter where it can be imported, else left out and said so. Every figure is that of a whole process, the best of `--times` runs;
the seconds in brackets are those of the work alone, which a peer prints itself: much of a Python tool's time on a small table is its start.
Memory is the greatest resident set of the process and its children (`ru_maxrss`).

Limits, not peers: `duckdb` is its SUMMARIZE, `polars` a pass written by hand (counts, nulls, quantiles, distinct values, frequent values,
histograms), `polars-compare` one over two tables (KS, mean, histogram distances). What a peer is asked is what its documentation shows first.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__)


# ---- tables -----------------------------------------------------------------------------------------------------------------------------


def frame(random, rows, shift, start):
    import numpy as np
    import polars as pl

    columns = {}
    for i in range(10):
        columns[f"num{i}"] = random.normal(100 * (i + 1) + (10 * shift if i < 2 else 0), 10 * (i + 1), rows).round(3)
    for i in range(5):
        columns[f"amt{i}"] = random.lognormal(4 + (0.2 * shift if i == 0 else 0), 1, rows).round(2)
    for i in range(5):
        columns[f"cnt{i}"] = random.poisson(3 + i + (0.5 * shift if i == 0 else 0), rows)
    for i in range(5):
        words = np.array([f"{chr(97 + i)}_{k}" for k in range(4 + 8 * i)])
        columns[f"cat{i}"] = words[random.integers(0, len(words), rows)]
    columns["id"] = np.arange(start, start + rows)
    columns["flag"] = random.random(rows) < 0.3
    columns["when"] = np.datetime64("2024-01-01T00:00:00", "ms") + (np.arange(start, start + rows) * 259).astype("timedelta64[ms]")
    columns["city"] = np.array(["Berlin", "Paris", "Roma", "Wien", "Oslo", "Bern"])[random.integers(0, 6, rows)]
    columns["missing"] = np.where(random.random(rows) < 0.1, np.nan, random.normal(0, 1, rows))
    return pl.DataFrame(columns).with_columns(pl.col("missing").fill_nan(None))


def write(folder, name, rows, seed, shift, csv):
    import numpy as np
    import pyarrow.parquet as pq

    parquet = folder / f"{name}.parquet"
    if parquet.exists():
        return
    random, writer, step = np.random.default_rng(seed), None, 1_000_000
    for start in range(0, rows, step):
        part = frame(random, min(step, rows - start), shift, start)
        if csv:
            with open(folder / f"{name}.csv", "ab") as out:
                part.write_csv(out, include_header=start == 0)
        part = part.to_arrow()
        writer = writer or pq.ParquetWriter(parquet, part.schema, compression="zstd")
        writer.write_table(part, row_group_size=250_000)
    writer.close()


# ---- peers: each gets files and does its work -------------------------------------------------------------------------------------------


def pandas_of(file, rows=None):
    import pandas as pd

    table = pd.read_parquet(file) if file.endswith(".parquet") else pd.read_csv(file)
    return table.head(rows) if rows else table


def duckdb(file):
    import duckdb

    return duckdb.sql(f"SUMMARIZE SELECT * FROM '{file}'").fetchall()


def polars(file):
    import polars as pl
    import polars.selectors as cs

    lazy = pl.scan_parquet(file) if file.endswith(".parquet") else pl.scan_csv(file, try_parse_dates=True)
    every = lazy.select(
        pl.len().alias("rows"),
        pl.all().null_count().name.suffix(":nulls"),
        pl.all().approx_n_unique().name.suffix(":distinct"),
        cs.numeric().min().name.suffix(":min"),
        cs.numeric().max().name.suffix(":max"),
        cs.numeric().mean().name.suffix(":mean"),
        cs.numeric().std().name.suffix(":std"),
        cs.temporal().min().name.suffix(":min"),
        cs.temporal().max().name.suffix(":max"),
    ).collect(engine="streaming")
    # Quantiles and histograms of a systematic sample, as a sketch would give them.
    step = max(1, every["rows"][0] // 100_000)
    sample = lazy.gather_every(step).collect(engine="streaming")
    quantiles = sample.select(*[cs.numeric().quantile(q / 100).name.suffix(f":q{q}") for q in (1, 5, 25, 50, 75, 95, 99)])
    histograms = {name: sample[name].hist(bin_count=30) for name in sample.select(cs.numeric()).columns}
    few = [name for name in sample.select(cs.string() | cs.boolean()).columns]
    frequent = [lazy.group_by(name).len().top_k(20, by="len") for name in few]
    return every, quantiles, histograms, pl.collect_all(frequent, engine="streaming")


def polars_compare(reference, current):
    import numpy as np
    import polars as pl
    import polars.selectors as cs

    a, b = (pl.read_parquet(it) if it.endswith(".parquet") else pl.read_csv(it, try_parse_dates=True) for it in (reference, current))
    found = {}
    for name in a.select(cs.numeric()).columns:
        x, y = (np.sort(it[name].drop_nulls().cast(pl.Float64).to_numpy()) for it in (a, b))
        every = np.concatenate([x, y])
        gap = np.searchsorted(x, every, "right") / len(x) - np.searchsorted(y, every, "right") / len(y)
        edges = np.quantile(x, np.linspace(0, 1, 11))
        shares = [np.histogram(it, np.unique(np.r_[-np.inf, edges[1:-1], np.inf]))[0] / len(it) + 1e-6 for it in (x, y)]
        found[name] = (np.abs(gap).max(), ((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum(), x.mean() - y.mean())
    for name in a.select(cs.string() | cs.boolean()).columns:
        both = a[name].value_counts().join(b[name].value_counts(), on=name, how="full", coalesce=True).fill_null(0)
        found[name] = (both["count"] / len(a) - both["count_right"] / len(b)).abs().sum() / 2
    return found


def whylogs(file):
    import whylogs as why

    return why.log(pandas_of(file)).view().to_pandas()


def ydata(file):
    from ydata_profiling import ProfileReport

    return ProfileReport(pandas_of(file), minimal=True, progress_bar=False).get_description()


def great_expectations(file):
    import great_expectations as gx

    table = pandas_of(file)
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("t").add_batch_definition_whole_dataframe("b")
    suite, of = gx.ExpectationSuite(name="s"), gx.expectations
    for i in range(10):
        suite.add_expectation(of.ExpectColumnValuesToBeBetween(column=f"num{i}", min_value=-1e6, max_value=1e6))
    for i in range(5):
        suite.add_expectation(of.ExpectColumnValuesToNotBeNull(column=f"cat{i}"))
        suite.add_expectation(of.ExpectColumnValuesToBeInSet(column=f"cat{i}", value_set=[f"{chr(97 + i)}_{k}" for k in range(4 + 8 * i)]))
    return asset.get_batch(batch_parameters={"dataframe": table}).validate(suite).success


def tfdv(reference, current):
    import tensorflow_data_validation as tfdv

    before = tfdv.generate_statistics_from_dataframe(pandas_of(reference))
    after = tfdv.generate_statistics_from_dataframe(pandas_of(current))
    return tfdv.validate_statistics(after, tfdv.infer_schema(before))


def presidio(file):
    import logging

    logging.disable(logging.CRITICAL)
    import spacy
    from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    # Without a language model, which makes it faster than its documentation has it.
    class Blank(SpacyNlpEngine):
        def __init__(self):
            super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
            self.nlp = {"en": spacy.blank("en")}

    rows = 1_000
    table = pandas_of(file, rows)
    batch = BatchAnalyzerEngine(analyzer_engine=AnalyzerEngine(nlp_engine=Blank(), supported_languages=["en"]))
    return list(batch.analyze_dict({name: table[name].astype(str).tolist() for name in table}, language="en"))


def dataprofiler(file):
    import dataprofiler

    rows = 10_000
    return dataprofiler.Profiler(pandas_of(file, rows), profiler_type="structured").report()


def evidently(reference, current):
    from evidently import Dataset, Report
    from evidently.presets import DataDriftPreset

    tables = [Dataset.from_pandas(pandas_of(it).drop(columns=["when", "id"])) for it in (current, reference)]
    return Report([DataDriftPreset()]).run(current_data=tables[0], reference_data=tables[1]).dict()


def nannyml(reference, current):
    import nannyml as nml

    a, b = (pandas_of(it).drop(columns=["when", "id"]) for it in (reference, current))
    return nml.UnivariateDriftCalculator(column_names=list(a)).fit(a).calculate(b).to_df()


def nannyml_classifier(reference, current):
    import nannyml as nml

    a, b = (pandas_of(it, 100_000).drop(columns=["when", "id"]) for it in (reference, current))
    return nml.DomainClassifierCalculator(feature_column_names=list(a)).fit(a).calculate(b).to_df()


def alibi(reference, current):
    import numpy as np
    from alibi_detect.cd import TabularDrift

    a, b = (pandas_of(it).drop(columns=["when", "id"]) for it in (reference, current))
    words = [i for i, name in enumerate(a) if a[name].dtype == object or a[name].dtype == bool]
    coded = []
    for name in a:
        if a[name].dtype == object or a[name].dtype == bool:
            codes = {it: k for k, it in enumerate(sorted(set(a[name]) | set(b[name])))}
            coded.append((a[name].map(codes), b[name].map(codes)))
        else:
            coded.append((a[name].fillna(0), b[name].fillna(0)))
    x, y = (np.column_stack([pair[side] for pair in coded]).astype(np.float32) for side in (0, 1))
    return TabularDrift(x, p_val=0.05, categories_per_feature={i: None for i in words}).predict(y)


# Name: what runs, how many files it takes, and the rows that it looks at where that is not all of them.
PEERS = {
    "duckdb": (duckdb, 1, None),
    "polars": (polars, 1, None),
    "whylogs": (whylogs, 1, None),
    "ydata": (ydata, 1, None),
    "great_expectations": (great_expectations, 1, None),
    "tfdv": (tfdv, 2, None),
    "presidio": (presidio, 1, 1_000),
    "dataprofiler": (dataprofiler, 1, 10_000),
    "polars-compare": (polars_compare, 2, None),
    "evidently": (evidently, 2, None),
    "nannyml": (nannyml, 2, None),
    "nannyml-classifier": (nannyml_classifier, 2, 100_000),
    "alibi": (alibi, 2, None),
}


def peer(name, files):
    start = time.perf_counter()
    PEERS[name][0](*files)
    print(f"work {time.perf_counter() - start:.2f}")


# ---- measuring --------------------------------------------------------------------------------------------------------------------------


def measure(command, limit):
    """Seconds and MB of a whole process with its children, and the last line that it printed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=errors)
        try:
            while True:
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                if pid:
                    break
                if time.perf_counter() - start > limit:
                    child.kill()
                    os.wait4(child.pid, 0)
                    return None, None, f"more than {limit} s"
                time.sleep(0.002)
        finally:
            child.returncode = 0
        seconds = time.perf_counter() - start
        out.seek(0)
        told = out.read().decode(errors="replace").strip().splitlines()
        # `check` ends with 1 where it found something, which is an answer.
        code = os.waitstatus_to_exitcode(status)
        if code and not (code == 1 and "check" in command):
            errors.seek(0)
            return None, None, (errors.read().decode(errors="replace").strip().splitlines() or ["no word"])[-1][:160]
        return seconds, usage.ru_maxrss / 1024, told[-1] if told else ""


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("proofmark")
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--large", type=int, default=10_000_000, help="rows of the large table; 0 leaves it out")
    asked.add_argument("--only", default="")
    asked.add_argument("--times", type=int, default=3)
    asked.add_argument("--limit", type=int, default=600, help="seconds after which a peer is ended")
    asked.add_argument("--folder", type=pathlib.Path, help="where the tables are kept for another run")
    asked.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    asked = asked.parse_args()
    pythons = dict(it.split("=", 1) for it in asked.peer)
    folder = asked.folder or pathlib.Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    write(folder, "reference", asked.rows, 1, 0.0, True)
    write(folder, "current", asked.rows, 2, 1.0, True)
    if asked.large:
        write(folder, "large", asked.large, 3, 0.0, False)
    home = tempfile.mkdtemp()
    ours = [asked.proofmark, "--home", home, "--json"]
    wanted = [it for it in asked.only.split(",") if it]

    def line(what, command, times):
        if wanted and not any(it in what for it in wanted):
            return
        runs = [measure(command, asked.limit) for _ in range(times)]
        best = min((it for it in runs if it[0] is not None), default=None)
        if best is None:
            print(f"{what:<58} {runs[0][2]}", flush=True)
            return
        work = f" ({best[2][5:]} s)" if best[2].startswith("work ") else ""
        print(f"{what:<58} {best[0]:8.2f} s {best[1]:8.0f} MB{work}", flush=True)

    def peers(names, files, what):
        for name in names:
            _, count, rows = PEERS[name]
            python = pythons.get(name, sys.executable)
            few = f", first {rows:,} rows" if rows else ""
            line(f"{name} {what}{few}", [python, str(HERE), "--peer-run", name, *files[:count]], 1 if name not in ("duckdb", "polars", "polars-compare") else asked.times)

    for kind in ("parquet", "csv"):
        a, b = (str(folder / f"{it}.{kind}") for it in ("reference", "current"))
        print(f"\n{asked.rows:,} x 30, {kind}")
        line(f"proofmark profile {kind}", [*ours, "profile", a], asked.times)
        line(f"proofmark check {kind}", [*ours, "check", a], asked.times)
        line(f"proofmark check --reference {kind}", [*ours, "check", b, "--reference", a], asked.times)
        line(f"proofmark sensitive {kind}", [*ours, "sensitive", a], asked.times)
        line(f"proofmark drift {kind}", [*ours, "drift", a, b], asked.times)
        if kind == "parquet":
            peers(list(PEERS), [a, b], kind)
        else:
            peers(["duckdb", "polars", "whylogs"], [a, b], kind)
    if asked.large:
        big = str(folder / "large.parquet")
        print(f"\n{asked.large:,} x 30, parquet")
        for verb in ("profile", "check", "sensitive"):
            line(f"proofmark {verb} large", [*ours, verb, big], 1)
        peers(["duckdb", "polars"], [big], "large")


if sys.argv[1:2] == ["--peer-run"]:
    peer(sys.argv[2], sys.argv[3:])
else:
    main()
