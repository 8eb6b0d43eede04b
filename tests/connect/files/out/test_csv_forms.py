"""Koinly and CoinTracking: what the rows add up to is what the ledger says moved."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest

from truenav.calc.ledger.deltas import deltas
from truenav.connect.contract import ParseContext
from truenav.connect.files import check, sniff
from truenav.connect.files.out import JournalForm, write
from truenav.core.instrument import InstrumentBook
from truenav.core.money import exact


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def moved(every, instruments, accounts):
    """Account and asset to what moved, by the ledger."""
    found = defaultdict(Decimal)
    with exact():
        for fact in every:
            for delta in deltas(fact, instruments):
                if not delta.is_position and delta.account in accounts:
                    found[delta.account, delta.subject] += delta.quantity
    return {key: total for key, total in found.items() if total}


def asset_of(assets, text):
    """What a ticker means; a full id means itself."""
    if text in assets.assets:
        return text
    (found,) = [asset.id for asset in assets.assets.values() if asset.symbol == text]
    return found


def added_up(rows, assets, columns, account):
    found = defaultdict(Decimal)
    with exact():
        for row in rows:
            for sign, number, currency in columns:
                if row[number]:
                    found[account(row), asset_of(assets, row[currency])] += sign * Decimal(row[number])
    return {key: total for key, total in found.items() if total}


KOINLY = (
    (1, "Received Amount", "Received Currency"),
    (-1, "Sent Amount", "Sent Currency"),
    (-1, "Fee Amount", "Fee Currency"),
)
COINTRACKING = ((1, "Buy Amount", "Buy Currency"), (-1, "Sell Amount", "Sell Currency"))


def test_koinly_rows_add_up_to_what_moved_account_by_account(journal, every):
    files = {name: "".join(pieces) for name, pieces in write(JournalForm.KOINLY, journal)}
    assert set(files) == {"okx-main.koinly.csv", "deribit-1.koinly.csv"}
    for account in ("okx-main", "deribit-1"):
        rows = read(files[f"{account}.koinly.csv"])
        found = added_up(rows, journal.assets, KOINLY, lambda _, account=account: account)
        assert found == moved(every, journal.instruments, {account})


def test_cointracking_rows_add_up_to_what_moved_and_fees_are_rows_of_their_own(journal, every):
    ((_, pieces),) = write(JournalForm.COINTRACKING, journal)
    rows = read("".join(pieces))
    found = added_up(rows, journal.assets, COINTRACKING, lambda row: row["Exchange"])
    assert found == moved(every, journal.instruments, {"okx-main", "deribit-1"})
    assert {row["Fee"] for row in rows} == {""}
    assert "Other Fee" in {row["Type"] for row in rows}


@pytest.mark.parametrize("form", [JournalForm.KOINLY, JournalForm.COINTRACKING])
def test_what_is_exported_is_recognised_and_imported_again_to_the_same_sums(journal, every, form):
    known = ParseContext(journal.assets, journal.instruments)
    again, terms = [], [*journal.instruments.versions]
    for name, pieces in write(form, journal):
        data = "".join(pieces).encode()
        layout = sniff(name, data).layout
        assert layout is not None
        layout = replace(layout, times=replace(layout.times, zone="UTC"))
        account = name.partition(".")[0] if form is JournalForm.KOINLY else ""
        report = check(name, data, known, imported_at=every[0].occurred_at, layout=layout, account=account)
        assert report.problems == ()
        again += report.facts
        terms += report.instruments
    accounts = {"okx-main", "deribit-1"}
    assert moved(again, InstrumentBook(terms), accounts) == moved(every, journal.instruments, accounts)


def test_a_koinly_trade_has_both_sides_and_its_one_fee_in_one_row(journal):
    rows = read("".join(dict(write(JournalForm.KOINLY, journal))["okx-main.koinly.csv"]))
    trade = rows[0]
    assert trade["Date"] == "2026-01-31 23:35:00 UTC"
    assert (trade["Sent Amount"], trade["Sent Currency"]) == ("30000.033333333333303333", "USDT")
    assert (trade["Received Amount"], trade["Received Currency"]) == ("0.333333333333333333", "BTC")
    assert (trade["Fee Amount"], trade["Fee Currency"], trade["Label"]) == ("0.00001", "BTC", "")


def test_no_koinly_deposit_has_a_fee(journal):
    for _, pieces in write(JournalForm.KOINLY, journal):
        for row in read("".join(pieces)):
            assert row["Sent Amount"] or not row["Fee Amount"]


def test_a_ticker_that_two_assets_share_is_written_as_the_full_id(journal):
    ((_, pieces),) = write(JournalForm.COINTRACKING, journal)
    bought = {row["Buy Currency"] for row in read("".join(pieces))}
    assert {"eip155:1/erc20:0x01", "eip155:56/erc20:0x02"} <= bought
    assert "PEPE" not in bought


@pytest.mark.parametrize("form", [JournalForm.KOINLY, JournalForm.COINTRACKING, JournalForm.TRUENAV])
def test_no_cell_begins_a_formula(journal, form):
    for name, pieces in write(form, journal):
        if name.endswith(".csv"):
            cells = [cell for row in read("".join(pieces)) for cell in row.values()]
            assert not [one for one in cells if one[:1] in tuple("=+-@") and not is_number(one)]


def is_number(text):
    return text.lstrip("-").replace(".", "", 1).isdigit()
