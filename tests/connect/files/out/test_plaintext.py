"""Beancount and hledger: checked by a small reader of our own, and by the programs where they are found."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.ledger.book import book_at
from truenav.calc.ledger.deltas import deltas
from truenav.connect.files.out import JournalForm, write
from truenav.connect.files.out.names import Names, account_part, commodity
from truenav.core.money import exact

COMMODITY = re.compile(r"[A-Z][A-Z0-9'._-]{0,22}[A-Z0-9]")
ACCOUNT = re.compile(r"(Assets|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")
BEAN_POSTING = re.compile(r"  (\S+)  (-?[0-9]+(?:\.[0-9]+)?) (\S+)")
BEAN_DETAIL = re.compile(r'  [a-z][a-z0-9_-]+: "(?:[^"\\]|\\.)*"')
HLEDGER_POSTING = re.compile(r'    (\S+)  (-?[0-9]+(?:\.[0-9]+)?) ("[^"]+"|[A-Z]+)')


@dataclass
class Read:
    """What a journal says."""

    opened: set[str] = field(default_factory=set)
    commodities: dict[str, str] = field(default_factory=dict)
    entries: list[tuple[str, list[tuple[str, Decimal, str]]]] = field(default_factory=list)


def text_of(form, journal):
    ((_, pieces),) = write(form, journal)
    return "".join(pieces)


def read_beancount(text):
    found = Read()
    for line in text.splitlines():
        if posting := BEAN_POSTING.fullmatch(line):
            found.entries[-1][1].append((posting[1], Decimal(posting[2]), posting[3]))
        elif declared := re.fullmatch(r"\d{4}-\d\d-\d\d (open|commodity) (\S+)", line):
            if declared[1] == "open":
                assert declared[2] not in found.opened
                found.opened.add(declared[2])
            else:
                last = declared[2]
        elif asset := re.fullmatch(r'  asset: "(.+)"', line):
            assert last not in found.commodities
            found.commodities[last] = asset[1]
        elif re.fullmatch(r'\d{4}-\d\d-\d\d \* "(?:[^"\\]|\\.)*"', line):
            found.entries.append((line[:10], []))
        else:
            assert not line or line.startswith("; ") or BEAN_DETAIL.fullmatch(line), line
    return found


def read_hledger(text):
    found = Read()
    for line in text.splitlines():
        if posting := HLEDGER_POSTING.fullmatch(line):
            found.entries[-1][1].append((posting[1], Decimal(posting[2]), posting[3].strip('"')))
        elif declared := re.fullmatch(r"account (\S+)", line):
            found.opened.add(declared[1])
        elif declared := re.fullmatch(r'commodity 1000\.(0*) ("[^"]+"|[A-Z]+)', line):
            found.commodities[declared[2].strip('"')] = declared[1]
        elif re.fullmatch(r"\d{4}-\d\d-\d\d \* [^;|]+", line):
            found.entries.append((line[:10], []))
        else:
            assert not line or line == "decimal-mark ." or line.lstrip().startswith("; "), line
    return found


READERS = {JournalForm.BEANCOUNT: read_beancount, JournalForm.HLEDGER: read_hledger}


@pytest.fixture(params=list(READERS))
def found(request, journal):
    return READERS[request.param](text_of(request.param, journal))


def test_every_entry_balances_in_each_commodity(found):
    with exact():
        for day, postings in found.entries:
            total = defaultdict(Decimal)
            for _, number, name in postings:
                total[name] += number
            assert postings, day
            assert not any(total.values()), (day, postings)


def test_all_that_is_used_is_declared_by_a_legal_name(found):
    used = {(account, name) for _, postings in found.entries for account, _, name in postings}
    assert {account for account, _ in used} == found.opened
    assert {name for _, name in used} == set(found.commodities)
    assert all(ACCOUNT.fullmatch(one) for one in found.opened)
    assert all(COMMODITY.fullmatch(one) for one in found.commodities)


def balances(found):
    total = defaultdict(Decimal)
    with exact():
        for _, postings in found.entries:
            for account, number, name in postings:
                if account.startswith("Assets:"):
                    total[account, name] += number
    return {key: number for key, number in total.items() if number}


def test_balances_at_the_end_are_those_of_the_books(journal, every):
    found = read_beancount(text_of(JournalForm.BEANCOUNT, journal))
    total = {
        (account, found.commodities[name]): number for (account, name), number in balances(found).items()
    }
    read = {
        (f"Assets:{one.account.capitalize()}:{one.wallet.capitalize()}", one.subject): one.quantity
        for one in book_at(every, journal.instruments, every[-1].occurred_at)
    }
    assert {key: number for key, number in total.items() if ":Vault" not in key[0]} == read


def test_both_programs_are_told_the_same(journal):
    read = [reader(text_of(form, journal)) for form, reader in READERS.items()]
    assert read[0].entries == read[1].entries


def test_without_openings_sums_of_assets_are_the_deltas_of_the_ledger(every, journal_from):
    journal = journal_from(every, opening=())
    found = read_beancount(text_of(JournalForm.BEANCOUNT, journal))
    sums, moved = defaultdict(Decimal), defaultdict(Decimal)
    with exact():
        for (_, name), number in balances(found).items():
            sums[found.commodities[name]] += number
        for fact in every:
            for one in deltas(fact, journal.instruments):
                if not one.is_position:
                    moved[one.subject] += one.quantity
    contracts = journal.instruments.instruments
    assert {one: number for one, number in sums.items() if one not in contracts and number} == {
        one: number for one, number in moved.items() if number
    }


def test_a_wallet_that_was_never_read_is_told_of(journal):
    assert "Assets:Okx-main:Vault: balances were never read" in text_of(JournalForm.HLEDGER, journal)


def test_an_empty_journal_is_one_still(journal_from):
    assert read_beancount(text_of(JournalForm.BEANCOUNT, journal_from([]))).entries == []
    assert read_hledger(text_of(JournalForm.HLEDGER, journal_from([]))).entries == []


@given(st.lists(st.text(max_size=40), unique=True, max_size=20))
def test_any_texts_become_different_legal_names(texts):
    commodities, parts = Names(commodity), Names(account_part)
    names = [commodities.of(text, text) for text in texts]
    assert len(set(names)) == len(texts)
    assert all(COMMODITY.fullmatch(one) for one in names)
    components = [parts.of(text, text) for text in texts]
    assert len(set(components)) == len(texts)
    assert all(re.fullmatch(r"[A-Z0-9][A-Za-z0-9-]*", one) for one in components)


@pytest.mark.parametrize(
    ("form", "program"),
    [(JournalForm.BEANCOUNT, ["bean-check"]), (JournalForm.HLEDGER, ["hledger", "check", "-s", "-f"])],
)
def test_the_program_itself_accepts_the_journal(journal, tmp_path, form, program):
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not on this machine")
    path = tmp_path / f"journal.{form}"
    path.write_text(text_of(form, journal), encoding="utf-8")
    done = subprocess.run([*program, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
