"""Invents the people, payments and instalments of Kestrel Credit. Everything follows from one seed.

Nobody in these tables exists. E-mail domains are reserved for examples (RFC 2606), telephone numbers come from the ranges that
the German regulator keeps free for fiction, account numbers have valid check digits on bank codes that no bank has.

What is put into October 2026 on purpose: field agents type -1 as the amount to flag a payment; a merchant category that was not
there before; and a campaign after which more customers with low incomes for their kind of work are active.
"""

import unicodedata

import numpy as np
import pandas as pd

SEED = 47_112_028
CUSTOMERS = 3_000
MONTHS = ["2026-06", "2026-07", "2026-08", "2026-09"]
PRODUCTION_MONTH = "2026-10"
ACTIVE_EACH_MONTH = 1_500

FEMALE = """Anna Amelie Aylin Beate Birgit Carla Charlotte Clara Daniela Elif Elena Emma Eva Fatma Finja Franziska Greta Hanna
Heike Ida Ines Irina Jana Johanna Julia Katharina Lara Lea Lena Linda Lotte Magdalena Mara Marie Marta Mia Miriam Nadia Nele Olga Paula
Petra Renate Rosa Sabine Sara Sophie Susanne Svenja Theresa Ursula Valentina Vera Yasmin Zeynep""".split()
MALE = """Adam Alexander Ali Anton Arne Ben Bernd Carsten Christian Daniel David Dieter Emil Erik Fabian Felix Finn Florian Georg Goran
Günter Hannes Hasan Heinz Ivan Jakob Jan Jens Jonas Jürgen Karl Kemal Klaus Lars Leon Linus Lukas Manfred Marco Markus Matteo Max Milan
Moritz Nico Noah Oskar Paul Peter Rainer Samuel Stefan Theo Thomas Tim Viktor Walter Yusuf""".split()
LAST = """Ackermann Albers Arslan Baumann Becker Bergmann Böhm Brandt Braun Busch Celik Demir Dietrich Ebert Engel Fischer Frank Franke
Fuchs Graf Gross Günther Haas Hahn Hartmann Heinrich Herrmann Hoffmann Horn Jansen Kaiser Kaya Keller Klein Koch Köhler Kovac Kowalski
Kraus Krüger Kuhn Lang Lehmann Lorenz Ludwig Maier Marx Meyer Möller Nguyen Nowak Otto Özdemir Petersen Pohl Popov Richter Ritter Roth
Sauer Schäfer Schmitt Schneider Scholz Schreiber Schubert Schulze Schwarz Seidel Simon Sommer Stein Thomas Vogel Vogt Voigt Wagner
Weber Weiss Winkler Wolf Yilmaz Ziegler Zimmermann""".split()
STREETS = """Ahornweg Amselweg Bachstraße Bahnhofstraße Bergstraße Birkenweg Blumenstraße Brunnengasse Buchenweg Dorfstraße Eichenweg
Feldstraße Fliederweg Gartenstraße Goethestraße Hafenstraße Hauptstraße Heideweg Hochstraße Kastanienallee Kirchgasse Lerchenweg
Lindenstraße Marktstraße Mühlenweg Parkallee Poststraße Ringstraße Rosenweg Schillerstraße Schulstraße Seestraße Sonnenweg Talstraße
Ulmenweg Waldstraße Wiesenweg Ziegelgasse""".split()
# City, first two digits of its postcodes, share of the customers.
CITIES = [
    ("Hamburg", "20", 0.16), ("Hamburg", "22", 0.10), ("Berlin", "10", 0.15), ("Berlin", "12", 0.12), ("Köln", "50", 0.12),
    ("Leipzig", "04", 0.09), ("Bremen", "28", 0.08), ("Stuttgart", "70", 0.07), ("Nürnberg", "90", 0.06), ("Rostock", "18", 0.05),
]
# Kept free for films and books by the Bundesnetzagentur.
PHONES = [("+49 30 23125", 3), ("+49 69 90009", 3), ("+49 40 66969", 3), ("+49 221 4710", 3), ("+49 89 99998", 3)]
# No German bank code begins with 9, and none of these Dutch and Austrian ones is given out.
BANKS = [("DE", "99012345"), ("DE", "99100200"), ("DE", "98765400"), ("NL", "KSTR"), ("AT", "99901")]
# Work: typical net income of a month in euros, effect on missing an instalment (log-odds).
WORK = {
    "employed": (2550, 0.0), "public_service": (2800, -0.5), "self_employed": (2700, 0.45), "student": (1150, 0.5),
    "retired": (1650, -0.25), "unemployed": (1050, 1.1),
}
# Category: share, typical amount in euros, spread of its logarithm.
CATEGORIES = {
    "groceries": (0.27, 38, 0.55), "restaurants": (0.12, 29, 0.50), "fuel": (0.11, 58, 0.30), "clothing": (0.09, 64, 0.60),
    "utilities": (0.10, 92, 0.40), "electronics": (0.06, 165, 0.70), "travel": (0.06, 210, 0.70), "cash_withdrawal": (0.13, 110, 0.45),
    "gambling": (0.06, 45, 0.70),
}
AGENTS = [f"A-{number}" for number in range(101, 121)]
FLAGGING_AGENTS = ["A-103", "A-107", "A-110", "A-112", "A-116", "A-119"]
FLAGGED_SHARE = 0.65
NEW_CATEGORY, NEW_SHARE = "crypto_exchange", 0.02


def ascii_name(text):
    for letter, plain in {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ö": "oe"}.items():
        text = text.replace(letter, plain)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def iban(country, bank, account):
    """ISO 13616: letters as two digits (A = 10), the country and 00 behind, 98 minus the remainder by 97."""
    moved = bank + account + country + "00"
    value = int("".join(str(int(character, 36)) for character in moved))
    return f"{country}{98 - value % 97:02d}{bank}{account}"


def people(rng):
    n = CUSTOMERS
    gender = rng.choice(["f", "m", "x"], n, p=[0.485, 0.505, 0.01])
    first = [rng.choice(FEMALE if kind == "f" else MALE if kind == "m" else FEMALE + MALE) for kind in gender]
    last = rng.choice(LAST, n)
    years = 19 + 62 * rng.beta(1.9, 2.6, n)
    born = pd.Timestamp("2026-05-31") - pd.to_timedelta((years * 365.2425).astype(int), unit="D")
    work = []
    for age in years:
        odds = [0.56, 0.13, 0.12, 0.0, 0.0, 0.07]
        if age < 28:
            odds[3] = 0.35
        if age > 63:
            odds = [0.06, 0.02, 0.05, 0.0, 0.87, 0.0]
        work.append(rng.choice(list(WORK), p=np.array(odds) / sum(odds)))
    above = rng.normal(0, 1, n)  # income against what is usual for the work
    usual = np.array([WORK[kind][0] for kind in work])
    income = np.round(usual * np.exp(0.36 * above) / 10) * 10
    place = rng.choice(len(CITIES), n, p=[share for _, _, share in CITIES])
    phones = [f"{prefix} {number:03d}" for prefix, _ in PHONES for number in range(1000)]
    rng.shuffle(phones)
    banks = rng.choice(len(BANKS), n, p=[0.36, 0.30, 0.26, 0.04, 0.04])
    accounts = []
    for at in banks:
        country, bank = BANKS[at]
        length = {"DE": 10, "NL": 10, "AT": 11}[country]
        accounts.append(iban(country, bank, "".join(map(str, rng.integers(0, 10, length)))))
    domains = rng.choice(["example.com", "example.org", "example.net"], n, p=[0.5, 0.25, 0.25])
    since = pd.Timestamp("2026-05-20") - pd.to_timedelta((rng.beta(1.1, 2.2, n) * 2900 + 5).astype(int), unit="D")
    # Nobody becomes a customer before the age of 18.
    since = np.maximum(since, born + pd.Timedelta(days=6575))
    table = pd.DataFrame(
        {
            "customer_id": [f"K-{number}" for number in rng.permutation(np.arange(10_000, 10_000 + 7 * n))[:n]],
            "first_name": first,
            "last_name": last,
            "email": [
                f"{ascii_name(a)}.{ascii_name(b)}{number}@{domain}"
                for a, b, number, domain in zip(first, last, rng.permutation(n) + 1, domains)
            ],
            "phone": phones[:n],
            "date_of_birth": born.strftime("%Y-%m-%d"),
            "gender": gender,
            "street": [f"{name} {number}" for name, number in zip(rng.choice(STREETS, n), rng.integers(1, 140, n))],
            "postcode": [f"{CITIES[at][1]}{number:03d}" for at, number in zip(place, rng.integers(95, 720, n))],
            "city": [CITIES[at][0] for at in place],
            "iban": accounts,
            "employment": work,
            "income": income.astype(int),
            "customer_since": pd.DatetimeIndex(since).strftime("%Y-%m-%d"),
        }
    )
    hidden = pd.DataFrame({"above": above, "strain": rng.normal(0, 1, n), "years": years})
    order = np.argsort(table["customer_id"].to_numpy())
    return table.iloc[order].reset_index(drop=True), hidden.iloc[order].reset_index(drop=True)


def calm(normal, limit):
    """Takes in what lies beyond the limit, without heaping it up there."""
    return np.where(np.abs(normal) > limit, normal / 2, normal)


def spend(rng, who, customers, hidden, month):
    """The payments of some customers in one month: one each, and one more on average."""
    rows = np.repeat(who, 1 + rng.poisson(1.0, len(who)))
    strain = hidden["strain"].to_numpy()[rows]
    n = len(rows)
    names = list(CATEGORIES)
    weights = np.tile([CATEGORIES[name][0] for name in names], (n, 1))
    weights[:, names.index("cash_withdrawal")] *= np.exp(0.75 * strain)
    weights[:, names.index("gambling")] *= np.exp(0.6 * strain)
    weights /= weights.sum(axis=1, keepdims=True)
    which = (rng.random((n, 1)) > weights.cumsum(axis=1)).sum(axis=1).clip(0, len(names) - 1)
    typical = np.array([CATEGORIES[name][1] for name in names])[which]
    spread = np.array([CATEGORIES[name][2] for name in names])[which]
    amount = np.round(typical * np.exp(calm(rng.normal(0, 1, n), 2.8) * spread), 2)
    by_agent = rng.random(n) < 1 / (1 + np.exp(1.35 - 0.45 * strain))
    other = rng.choice(["card_terminal", "online", "branch"], n, p=[0.55, 0.36, 0.09])
    currency = np.where(~by_agent & (rng.random(n) < 0.05), "CHF", "EUR")
    days = pd.Timestamp(f"{month}-01").days_in_month
    seconds = rng.integers(0, days, n) * 86_400 + np.round((14.0 + 3.2 * calm(rng.normal(0, 1, n), 2.5)) * 3600).astype(int)
    table = pd.DataFrame(
        {
            "customer_id": customers["customer_id"].to_numpy()[rows],
            "booked_at": pd.Timestamp(f"{month}-01") + pd.to_timedelta(seconds, unit="s"),
            "amount": amount,
            "currency": currency,
            "channel": np.where(by_agent, "field_agent", other),
            "merchant_category": np.array(names)[which],
            "agent_code": np.where(by_agent, rng.choice(AGENTS, n), ""),
            "is_disputed": rng.random(n) < 1 / (1 + np.exp(3.6 - 0.8 * strain)),
        }
    )
    return table.sort_values(["booked_at", "customer_id"], kind="stable").reset_index(drop=True)


def numbered(table, first):
    table.insert(0, "transaction_id", [f"T-{number:07d}" for number in range(first, first + len(table))])
    return table


def write_transactions(table, path):
    shown = table.copy()
    shown["booked_at"] = shown["booked_at"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    shown["amount"] = [f"{value:.2f}" if value >= 0 else "-1" for value in shown["amount"]]
    shown["is_disputed"] = shown["is_disputed"].map({True: "true", False: "false"})
    shown.to_csv(path, index=False, lineterminator="\n")


def instalments(rng, transactions, customers, hidden):
    """The instalment that fell due in the month after a customer's latest month with payments, and whether it was missed."""
    by_id = transactions.assign(month=transactions["booked_at"].dt.strftime("%Y-%m")).groupby("customer_id")
    latest = by_id["month"].max()
    known = customers.join(hidden).set_index("customer_id").loc[latest.index]
    work = known["employment"].map(lambda kind: WORK[kind][1]).to_numpy(dtype=float)
    log_income = np.log(known["income"].to_numpy(dtype=float) / 2200)
    disputes = by_id["is_disputed"].sum().loc[latest.index].to_numpy()
    odds = -2.5 + 1.2 * work - 2.6 * log_income + 1.1 * known["strain"] - 0.025 * (known["years"] - 45) + 0.5 * disputes
    missed = rng.random(len(latest)) < 1 / (1 + np.exp(-odds.to_numpy()))
    due = pd.to_datetime(latest.to_numpy()) + pd.DateOffset(months=1) + pd.to_timedelta(rng.integers(0, 28, len(latest)), unit="D")
    owed = np.round(known["income"].to_numpy() * rng.uniform(0.05, 0.14, len(latest)), 2)
    return pd.DataFrame(
        {
            "customer_id": latest.index,
            "due_on": due.strftime("%Y-%m-%d"),
            "instalment": [f"{value:.2f}" for value in owed],
            "missed_instalment": np.where(missed, "true", "false"),
        }
    )


def write(folder):
    """Writes raw/ and the transactions of production/ into `folder`."""
    rng = np.random.default_rng(SEED)
    customers, hidden = people(rng)
    months = []
    for month in MONTHS:
        who = np.sort(rng.choice(CUSTOMERS, ACTIVE_EACH_MONTH, replace=False))
        months.append(spend(rng, who, customers, hidden, month))
    transactions = numbered(pd.concat(months, ignore_index=True), 1)

    # October: the campaign brings those with low incomes for their kind of work.
    pull = -0.9 * hidden["above"].to_numpy() + rng.gumbel(0, 1, CUSTOMERS)
    who = np.sort(np.argsort(-pull)[:ACTIVE_EACH_MONTH])
    october = numbered(spend(rng, who, customers, hidden, PRODUCTION_MONTH), len(transactions) + 1)
    fresh = (rng.random(len(october)) < NEW_SHARE) & (october["channel"] == "online").to_numpy() | (
        rng.random(len(october)) < NEW_SHARE / 3
    )
    october.loc[fresh, "merchant_category"] = NEW_CATEGORY
    flagged = october["agent_code"].isin(FLAGGING_AGENTS).to_numpy() & (rng.random(len(october)) < FLAGGED_SHARE)
    october.loc[flagged, "amount"] = -1.0

    customers.to_csv(folder / "raw/customers.csv", index=False, lineterminator="\n")
    write_transactions(transactions, folder / "raw/transactions.csv")
    instalments(rng, transactions, customers, hidden).to_csv(folder / "raw/repayments.csv", index=False, lineterminator="\n")
    write_transactions(october, folder / f"production/transactions_{PRODUCTION_MONTH}.csv")
