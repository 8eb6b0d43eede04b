"""What goes in can come out: the exported files, imported where nothing is known, give equal books."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from truenav.calc.ledger.book import book_at
from truenav.calc.ledger.deltas import deltas
from truenav.connect.contract import ParseContext
from truenav.connect.files import check
from truenav.connect.files.out import JournalForm, write
from truenav.core.account import Account
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, Asset, AssetBook
from truenav.core.canonical import decode
from truenav.core.instrument import Instrument, InstrumentBook
from truenav.core.money import exact


def exported(journal):
    return {name: "".join(pieces).encode() for name, pieces in write(JournalForm.TRUENAV, journal)}


def imported(files, at):
    """Facts, accounts and context of an installation that knew nothing before."""
    assets = [decode(Asset, json.loads(line)) for line in files["assets.json"].splitlines()]
    instruments = [decode(Instrument, json.loads(line)) for line in files["instruments.json"].splitlines()]
    book = AssetBook((*BUILTIN_ASSETS, *assets), BUILTIN_ALIASES)
    context = ParseContext(book, InstrumentBook(instruments))
    found, accounts = [], ()
    for name, data in files.items():
        if name.endswith(".csv"):
            report = check(name, data, context, imported_at=at)
            assert report.problems == (), (name, report.problems[:3])
            assert report.duplicates == ()
            found += report.facts
            accounts += report.accounts
    return found, accounts, context


def moved(every, instruments):
    """What moved at each instant, zero changes apart."""
    found = defaultdict(Decimal)
    with exact():
        for fact in every:
            for one in deltas(fact, instruments):
                if one.quantity:
                    found[one.account, one.wallet, one.subject, one.is_position, one.occurred_at] += (
                        one.quantity
                    )
    return found


def books(every, instruments, at):
    return [
        (one.account, one.wallet, one.subject, one.is_position, one.quantity)
        for one in book_at(every, instruments, at)
    ]


def test_everything_exported_and_imported_again_gives_equal_books_at_every_instant(journal, every):
    again, accounts, context = imported(exported(journal), every[-1].occurred_at)
    assert {one.id: one for one in accounts} == {one.id: one for one in journal.accounts}
    assert all(isinstance(one, Account) for one in accounts)
    for fact in every:
        at = fact.occurred_at
        assert books(again, context.instruments, at) == books(every, journal.instruments, at)
    assert moved(again, context.instruments) == moved(every, journal.instruments)


def test_exporting_what_was_imported_gives_the_same_files(journal, every, journal_from):
    files = exported(journal)
    again, _, _ = imported(files, every[-1].occurred_at)
    again.sort(key=lambda one: (one.occurred_at, one.content_hash))
    second = exported(journal_from(again))
    assert {name: sorted(data.splitlines()) for name, data in second.items()} == {
        name: sorted(data.splitlines()) for name, data in files.items()
    }


def test_a_window_opens_with_what_was_held_at_its_beginning(every, journal_from):
    since = every[12].occurred_at
    before = book_at(every, journal_from(every).instruments, since)
    opening = []
    for fact in every[:5]:
        held = {
            one.subject: one.quantity
            for one in before
            if (one.account, one.wallet, one.is_position)
            == (fact.account, fact.body.wallet, fact.kind == "position_snapshot")
        }
        opening.append(stated(fact, held, since))
    later = [one for one in every if one.occurred_at > since]
    journal = journal_from(later, since=since, opening=tuple(opening))
    again, _, context = imported(exported(journal), since)
    for at in (since, since + timedelta(hours=1), every[-1].occurred_at):
        assert books(again, context.instruments, at) == books(every, journal.instruments, at)


def stated(fact, held, at):
    from dataclasses import replace

    from truenav.core.facts import BalanceLine, PositionLine

    if fact.kind == "position_snapshot":
        lines = tuple(PositionLine(one, number, Decimal(0)) for one, number in held.items())
    else:
        lines = tuple(BalanceLine(one, number) for one, number in held.items())
    return replace(fact, occurred_at=at, body=type(fact.body)(fact.body.wallet, lines))
