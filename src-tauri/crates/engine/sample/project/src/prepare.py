"""Turns customers and transactions into one row of features per customer.

    python src/prepare.py                   training data: each customer's latest month with transactions, and whether the
                                            instalment after that month was missed
    python src/prepare.py --month 2026-10   the features of one production month, whose instalments are not yet due
"""

import argparse

import numpy as np
import pandas as pd
import yaml

from config import PARAMS_FILE, PROCESSED_DATA_DIR, PRODUCTION_DATA_DIR, RAW_DATA_DIR


def read_transactions(path, rates):
    transactions = pd.read_csv(path, parse_dates=["booked_at"], dtype={"agent_code": "string"})
    transactions["month"] = transactions["booked_at"].dt.strftime("%Y-%m")
    transactions["amount"] = transactions["amount"] * transactions["currency"].map(rates)
    return transactions


def describe(transactions):
    """One row per customer and month: how much money moved, and how."""
    marked = transactions.assign(
        is_cash=transactions["merchant_category"] == "cash_withdrawal",
        by_agent=transactions["channel"] == "field_agent",
    )
    table = marked.groupby(["customer_id", "month"], as_index=False).agg(
        n_transactions=("amount", "size"),
        amount_total=("amount", "sum"),
        amount_mean=("amount", "mean"),
        amount_min=("amount", "min"),
        amount_max=("amount", "max"),
        cash_share=("is_cash", "mean"),
        agent_share=("by_agent", "mean"),
        n_disputes=("is_disputed", "sum"),
    )
    amounts = ["amount_total", "amount_mean", "amount_min", "amount_max"]
    table[amounts] = table[amounts].round(2)
    return table.round({"cash_share": 4, "agent_share": 4})


def add_person(table, customers):
    """Joins what the model may know of the person. Names, e-mail, telephone, street and account stay behind."""
    known = customers[["customer_id", "date_of_birth", "gender", "postcode", "employment", "income"]]
    joined = table.merge(known, on="customer_id", how="inner", validate="many_to_one")
    month_end = pd.to_datetime(joined["month"]) + pd.offsets.MonthEnd(0)
    joined["age"] = ((month_end - joined["date_of_birth"]).dt.days // 365.2425).astype("int64")
    joined["postcode_area"] = joined["postcode"].str[:2]
    first = ["customer_id", "age", "gender", "postcode_area", "employment", "income"]
    rest = [name for name in table.columns if name not in ("customer_id", "month")]
    return joined[first + rest + ["month"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--month", help="production month, such as 2026-10")
    month = parser.parse_args().month
    with open(PARAMS_FILE, encoding="utf-8") as file:
        params = yaml.safe_load(file)["prepare"]

    customers = pd.read_csv(RAW_DATA_DIR / "customers.csv", parse_dates=["date_of_birth"], dtype={"postcode": str})

    if month:
        transactions = read_transactions(PRODUCTION_DATA_DIR / f"transactions_{month}.csv", params["rates"])
        features = add_person(describe(transactions), customers).drop(columns="month")
        features.to_parquet(PRODUCTION_DATA_DIR / f"features_{month}.parquet", index=False)
        print(f"{len(features)} customers in {month}")
        return

    transactions = read_transactions(RAW_DATA_DIR / "transactions.csv", params["rates"])
    transactions = transactions[transactions["month"].between(params["first_month"], params["last_month"])]
    table = describe(transactions).sort_values(["customer_id", "month"]).groupby("customer_id", as_index=False).tail(1)
    features = add_person(table, customers)

    repayments = pd.read_csv(RAW_DATA_DIR / "repayments.csv", parse_dates=["due_on"])
    # The instalment falls due in the month after the features end, so nothing of it is known to them.
    repayments["month"] = (repayments["due_on"] - pd.DateOffset(months=1)).dt.strftime("%Y-%m")
    labels = repayments[["customer_id", "month", "missed_instalment"]]
    features = features.merge(labels, on=["customer_id", "month"], how="inner", validate="one_to_one").drop(columns="month")
    features["missed_instalment"] = features["missed_instalment"].astype("int64")
    features.to_parquet(PROCESSED_DATA_DIR / "features.parquet", index=False)

    order = np.random.default_rng(params["seed"]).permutation(len(features))
    cut = int(len(features) * params["holdout_share"])
    features.iloc[np.sort(order[cut:])].to_parquet(PROCESSED_DATA_DIR / "train.parquet", index=False)
    features.iloc[np.sort(order[:cut])].to_parquet(PROCESSED_DATA_DIR / "holdout.parquet", index=False)
    print(f"{len(features) - cut} customers to train on, {cut} held out")


if __name__ == "__main__":
    main()
