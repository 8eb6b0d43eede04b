"""The forms in which a journal can be had, and the files of each."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from truenav.connect.files.out.cointracking import cointracking
from truenav.connect.files.out.journal import Journal
from truenav.connect.files.out.koinly import koinly
from truenav.connect.files.out.plaintext import beancount, hledger
from truenav.connect.files.out.templates import own_files

Files = Iterator[tuple[str, Iterator[str]]]
"""Names and the text of each in pieces; a file must be read to its end before the next is asked for."""


class JournalForm(StrEnum):
    """A program that reads the journal."""

    TRUENAV = "truenav"
    KOINLY = "koinly"
    COINTRACKING = "cointracking"
    BEANCOUNT = "beancount"
    HLEDGER = "hledger"


def write(form: JournalForm, journal: Journal) -> Files:
    """The files of a journal, in UTF-8.

    Raises ``UnknownInstrumentError`` for a trade in an instrument without terms: without them nobody knows
    what it moved.
    """
    match form:
        case JournalForm.TRUENAV:
            yield from own_files(journal)
        case JournalForm.KOINLY:
            for account in journal.accounts:
                yield f"{account.id}.koinly.csv", koinly(journal, account.id)
        case JournalForm.COINTRACKING:
            yield "cointracking.csv", cointracking(journal)
        case JournalForm.BEANCOUNT:
            yield "journal.beancount", beancount(journal)
        case JournalForm.HLEDGER:
            yield "journal.hledger", hledger(journal)
