"""Exports of venues and tax tools: small files of our own in their forms, and what each of them states."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from truenav.connect import registry
from truenav.connect.files import check, layouts, sniff
from truenav.core.asset import BUILTIN_ASSETS

from .support import FIAT, HOUSE, T0, facts, house, known, read, said

EXPORTS = Path(__file__).parent / "exports"
NAMES = sorted(path.stem for path in EXPORTS.glob("*.csv"))
REAL = Path(__file__).parents[3].parent / "shared" / "data" / "exchange_exports"


@pytest.mark.parametrize("name", NAMES)
def test_an_export_is_recognised_and_states_what_its_golden_file_says(name):
    data = (EXPORTS / f"{name}.csv").read_bytes()
    layout = known(data)
    assert layout.name == name
    lines = "".join(f"{said(fact)}\n" for fact in facts(data, layout))
    assert lines == (EXPORTS / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_verifier_states_the_same_from_bytes_and_evidence(name):
    report = read((EXPORTS / f"{name}.csv").read_bytes())
    assert report.payload.evidence.endpoint == "layout/1"
    parsed = registry.parse(report.payload.evidence, report.payload.body, HOUSE)
    assert parsed.facts == report.facts
    assert parsed.instruments == report.instruments


@pytest.mark.parametrize("name", NAMES)
def test_the_same_file_again_and_half_of_it_bring_nothing_new(name):
    data = (EXPORTS / f"{name}.csv").read_text()
    whole = {fact.key_hash: fact.content_hash for fact in facts(data)}
    again = {fact.key_hash: fact.content_hash for fact in facts(data + "\n")}
    assert again.keys() == whole.keys()
    rows = data.splitlines()
    half = read("\n".join(rows[:-1]), known(data))
    assert {fact.key_hash for fact in half.facts} <= whole.keys()


def test_a_file_dropped_in_without_a_word_is_imported_by_its_header():
    data = (EXPORTS / "kraken-ledger.csv").read_bytes()
    report = check(
        "ledgers.csv", data, HOUSE, imported_at=T0, account="kraken-main", accounts={"kraken-main"}
    )
    assert (report.template, report.problem_count) == ("kraken-ledger", 0)
    assert report.layout == layouts()["kraken-ledger"]
    assert {fact.account for fact in report.facts} == {"kraken-main"}
    assert {fact.source for fact in report.facts} == {"file:kraken-ledger"}


def test_an_account_nobody_created_is_a_problem_and_a_word_of_the_layout_translates_it():
    data = (EXPORTS / "cointracking.csv").read_bytes()
    report = check(
        "c.csv", data, HOUSE, imported_at=T0, layout=known(data), accounts={"stamp", "polo", "krak"}
    )
    assert report.problem_count == 3
    named = {"Bitstamp": "stamp", "Poloniex": "polo", "Kraken": "krak"}
    layout = replace(known(data), accounts=named)
    report = check("c.csv", data, HOUSE, imported_at=T0, layout=layout, accounts=set(named.values()))
    assert {fact.account for fact in report.facts} == set(named.values())


GOLDEN = Path(__file__).parent / "exchange_exports.tsv"


@pytest.mark.skipif(not REAL.is_dir(), reason="the collected exports of others are not beside the repository")
def test_real_exports_are_read_as_the_table_says():
    for line in GOLDEN.read_text().splitlines()[1:]:
        name, kind, what, asked, rows, stated, problems = line.split("\t")
        data = (REAL / name).read_bytes()
        assert _result(name, data) == (kind, what, asked, rows, stated, problems), name


def _result(name: str, data: bytes) -> tuple[str, ...]:
    """Recognition, open questions, and what comes in once zone and order of days are told."""
    try:
        sniffed = sniff(name, data)
    except Exception as error:  # every refusal is one of ours: its code says which
        return "refused", getattr(error, "code", "?"), "", "", "", ""
    asked = ",".join(question.about for question in sniffed.questions)
    what = sniffed.layout.name if sniffed.layout else sniffed.title
    layout = sniffed.layout or next(iter(sniffed.candidates), None)
    if layout is None:
        return sniffed.kind, what, asked, "", "", ""
    days = [question.choices[0] for question in sniffed.questions if question.about == "days"]
    times = replace(
        layout.times, zone=layout.times.zone or "UTC", formats=tuple(days) or layout.times.formats
    )
    report = check(
        name, data, _tickers(data), imported_at=T0, layout=replace(layout, times=times), account="a"
    )
    kinds = Counter(fact.kind for fact in report.facts)
    stated = " ".join(f"{kind}:{count}" for kind, count in sorted(kinds.items()))
    return sniffed.kind, what, asked, str(report.rows), stated, str(report.problem_count)


def _tickers(data: bytes):
    found = set(re.findall(r"\b[A-Za-z][A-Za-z0-9]{1,9}\b", data.decode("utf-8", "replace")))
    upper = {one.upper() for one in found} - {asset.symbol for asset in BUILTIN_ASSETS} - set(FIAT)
    return house(*sorted(upper))
