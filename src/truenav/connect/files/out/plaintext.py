"""Journals of the plain-text bookkeeping programs beancount and hledger, by their documented formats.

Beancount: "Beancount Language Syntax". hledger: "hledger manual", journal format, written so that its strict
checks pass: every account and commodity is declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from truenav.connect.files.out.entries import Declared, Entry, Ledger
from truenav.connect.files.out.journal import Journal
from truenav.core.clock import instant_text
from truenav.core.money import to_text


def beancount(journal: Journal) -> Iterator[str]:
    """A beancount file: a table of its commodities, then every entry."""
    ledger = Ledger(journal)
    declared = ledger.declared()
    day = _first_day(declared)
    yield from (f"; {line}\n" for line in _preface(journal, declared))
    for name, (subject, _) in sorted(declared.commodities.items()):
        yield f'{day} commodity {name}\n  asset: "{_quoted(subject)}"\n'
    for account in sorted(declared.accounts):
        yield f"{day} open {account}\n"
    for entry in ledger.entries():
        yield _beancount_entry(entry)


def hledger(journal: Journal) -> Iterator[str]:
    """An hledger file: a table of its commodities, then every entry."""
    ledger = Ledger(journal)
    declared = ledger.declared()
    yield from (f"; {line}\n" for line in _preface(journal, declared))
    yield "decimal-mark .\n"
    for name, (_, scale) in sorted(declared.commodities.items()):
        yield f"commodity 1000.{'0' * scale} {_symbol(name)}\n"
    for account in sorted(declared.accounts):
        yield f"account {account}\n"
    for entry in ledger.entries():
        yield _hledger_entry(entry)


def _preface(journal: Journal, declared: Declared) -> Iterator[str]:
    accounts = ", ".join(account.id for account in journal.accounts)
    yield f"Journal of {accounts}" + (f" after {instant_text(journal.since)}" if journal.since else "")
    yield "Equity:Opening is what was held before the first entry. Every entry balances in each commodity."
    for account in sorted(declared.unread):
        yield f"{account}: balances were never read, so its sums are changes only."
    width = max(map(len, declared.commodities), default=0)
    for name, (subject, _) in sorted(declared.commodities.items()):
        yield f"{name.ljust(width)} = {_plain(subject)}"


def _beancount_entry(entry: Entry) -> str:
    lines = [f'\n{entry.at:%Y-%m-%d} * "{_quoted(entry.title)}"']
    lines += [f'  {name}: "{_quoted(text)}"' for name, text in entry.details]
    lines += [f"  {one.account}  {to_text(one.number)} {one.commodity}" for one in entry.postings]
    return "\n".join(lines) + "\n"


def _hledger_entry(entry: Entry) -> str:
    lines = [f"\n{entry.at:%Y-%m-%d} * {_plain(entry.title).replace(';', ',').replace('|', '/')}"]
    lines += [f"    ; {name}: {_plain(text)}" for name, text in entry.details]
    lines += [f"    {one.account}  {to_text(one.number)} {_symbol(one.commodity)}" for one in entry.postings]
    return "\n".join(lines) + "\n"


def _first_day(declared: Declared) -> date:
    return date(1970, 1, 1) if declared.first_at is None else declared.first_at.date()


def _symbol(name: str) -> str:
    """As hledger writes it: quoted where name holds more than letters."""
    return name if name.isalpha() else f'"{name}"'


def _quoted(text: str) -> str:
    return _plain(text).replace("\\", "\\\\").replace('"', '\\"')


def _plain(text: str) -> str:
    """One line of visible characters."""
    return "".join(char if char.isprintable() else " " for char in text)
