import polars as pl
import polars.selectors as cs

df = pl.read_parquet("applicants.parquet")
scored = df.with_columns(
    pl.when(pl.col("debt") > pl.col("income")).then(pl.lit("high")).otherwise(pl.col("prior_risk")).alias("risk"),
    age_band=(pl.col("age") // 10) * 10,
)
summary = scored.group_by("risk").agg(mean_income=pl.mean("income"), n=pl.len())
summary.write_csv("risk_summary.csv")
scored.drop("ssn").write_ipc("scored.arrow")
