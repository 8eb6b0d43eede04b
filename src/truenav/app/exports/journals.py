"""The journal of accounts as files: read page by page, written to a file on disk, then sent.

The file is made whole before its first byte leaves, so that a refusal is an answer and no file is half.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO

from truenav.access.masking import refuse_raw
from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.sight import Sight, sight_of
from truenav.app.sources.catalogues import ACCOUNTS
from truenav.app.sources.context import parse_context
from truenav.calc.ledger.book import Holding, book_at
from truenav.connect.files.out import Journal as Written
from truenav.connect.files.out import JournalForm, write
from truenav.connect.files.out.journal import MOVEMENTS, SNAPSHOTS
from truenav.core.account import Account
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    Fact,
    PositionLine,
    PositionSnapshot,
    RecordedFact,
)
from truenav.core.failure import InvalidInputError
from truenav.core.ids import InstrumentId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ZERO, AssetId
from truenav.store.database import Session
from truenav.store.journal import FactQuery, Journal

PAGE = 20_000
MOST_ACCOUNTS = 100
_IN_MEMORY = 8 * 1024 * 1024
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose journal, in which form, of what happened in ``(since, until]``, as known at ``known_at``."""

    form: JournalForm
    accounts: tuple[str, ...]
    since: datetime | None = None
    until: datetime | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished file, open at its beginning; ``pieces`` closes it."""

    name: str
    media_type: str
    file: IO[bytes]

    def pieces(self) -> Iterator[bytes]:
        """All bytes, some at a time."""
        with self.file as file:
            while piece := file.read(_PIECE):
                yield piece


def export_journal(session: Session, house: House, principal: Principal, asked: Asked) -> Exported:
    """The journal of some accounts: one file, or an archive where the form has several.

    Raises ``DefinitionNotFoundError`` for an account that is not there or out of sight, and ``MaskedError``
    for who may not see raw facts.
    """
    authorize(principal, "fact:read")
    refuse_raw(principal.masks, "A journal")
    accounts = _accounts(session, principal, sight_of(session, principal), asked)
    journal = _Reader(Journal(session, house.objects, principal.tenant), asked)
    context = parse_context(session)
    written = Written(
        accounts=accounts,
        assets=context.assets,
        instruments=context.instruments,
        since=asked.since,
        opening=journal.opening(context.instruments, house.clock.now()),
        facts=journal.facts,
    )
    stem = "-".join(["truenav", asked.form, *(one.id for one in accounts[:3])])[:80].strip("-")
    files = write(asked.form, written)
    if asked.form is JournalForm.TRUENAV or (len(accounts) > 1 and asked.form is JournalForm.KOINLY):
        return Exported(f"{stem}.zip", "application/zip", _archived(files))
    name, pieces = next(files)
    media = "text/csv" if name.endswith(".csv") else "text/plain"
    return Exported(f"{stem}.{name.rpartition('.')[2]}", f"{media}; charset=utf-8", _kept(pieces))


def _accounts(session: Session, principal: Principal, sight: Sight, asked: Asked) -> tuple[Account, ...]:
    names = tuple(dict.fromkeys(asked.accounts))
    if not 1 <= len(names) <= MOST_ACCOUNTS:
        raise InvalidInputError(f"Name 1 to {MOST_ACCOUNTS} accounts.")
    if asked.since and asked.until and asked.since >= asked.until:
        raise InvalidInputError("The window is empty: 'since' must lie before 'until'.")
    return tuple(ACCOUNTS.find(session, principal, name, sight).body for name in names)


class _Reader:
    """The facts that were asked for, page by page."""

    def __init__(self, journal: Journal, asked: Asked) -> None:
        self._journal = journal
        self._query = FactQuery(
            accounts=asked.accounts, since=asked.since, as_of=asked.until, known_at=asked.known_at
        )

    def facts(self, kinds: Collection[str]) -> Iterator[Fact]:
        """Oldest first."""
        query = replace(self._query, kinds=tuple(kinds))
        page: Sequence[RecordedFact] = self._journal.page(query, after=None, limit=PAGE)
        while page:
            yield from (one.fact for one in page)
            last = page[-1].fact
            after = (last.occurred_at, last.content_hash)
            page = self._journal.page(query, after=after, limit=PAGE) if len(page) == PAGE else ()

    def opening(self, instruments: InstrumentBook, now: datetime) -> tuple[Fact, ...]:
        """Of each wallet what was held at ``since``, or its first snapshot where there is none by then."""
        query, since = self._query, self._query.since
        rolled: tuple[Fact, ...] = ()
        if since is not None:
            taken = self._journal.latest_snapshots(query.accounts or (), since, query.known_at or now)
            rolled = self._rolled([one.fact for one in taken], instruments, since)
        known = {_wallet(one) for one in rolled}
        return (*rolled, *(one for one in self._first_snapshots() if _wallet(one) not in known))

    def _rolled(
        self, snapshots: Sequence[Fact], instruments: InstrumentBook, since: datetime
    ) -> tuple[Fact, ...]:
        if not snapshots:
            return ()
        oldest = min(one.occurred_at for one in snapshots)
        query = replace(self._query, kinds=MOVEMENTS, since=oldest, as_of=since)
        moved = [one.fact for one in self._journal.facts(query)] if oldest < since else []
        book = book_at([*snapshots, *moved], instruments, since)
        return tuple(_stated(one, book, since) for one in snapshots)

    def _first_snapshots(self) -> Iterator[Fact]:
        """The first snapshot of each wallet that has one among the first that were taken."""
        query = replace(self._query, kinds=SNAPSHOTS)
        found: dict[tuple[str, str, str], Fact] = {}
        for account in query.accounts or ():
            of_account = replace(query, accounts=(account,))
            for one in self._journal.page(of_account, after=None, limit=PAGE):
                found.setdefault(_wallet(one.fact), one.fact)
        yield from found.values()


def _stated(snapshot: Fact, book: Iterable[Holding], at: datetime) -> Fact:
    """A snapshot rolled forward: what the book holds of its wallet at ``at``."""
    body = snapshot.body
    assert isinstance(body, BalanceSnapshot | PositionSnapshot)
    is_position = isinstance(body, PositionSnapshot)
    held = {
        one.subject: one.quantity
        for one in book
        if (one.account, one.wallet, one.is_position) == (snapshot.account, body.wallet, is_position)
    }
    if isinstance(body, BalanceSnapshot):
        balances = tuple(BalanceLine(AssetId(asset), total) for asset, total in held.items())
        return replace(snapshot, occurred_at=at, body=BalanceSnapshot(body.wallet, balances))
    entries = {line.instrument: line.entry_price for line in body.lines}
    positions = tuple(
        PositionLine(InstrumentId(one), quantity, entries.get(InstrumentId(one), ZERO))
        for one, quantity in held.items()
    )
    return replace(snapshot, occurred_at=at, body=PositionSnapshot(body.wallet, positions))


def _wallet(fact: Fact) -> tuple[str, str, str]:
    assert isinstance(fact.body, BalanceSnapshot | PositionSnapshot)
    return fact.account, fact.body.wallet, fact.kind


def _kept(pieces: Iterable[str]) -> IO[bytes]:
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - `pieces` closes it
    for piece in pieces:
        file.write(piece.encode("utf-8", "replace"))
    file.seek(0)
    return file


def _archived(files: Iterable[tuple[str, Iterable[str]]]) -> IO[bytes]:
    """A ZIP archive; its entries carry no time, so the same facts give the same bytes."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - `pieces` closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in files:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as member:
                for piece in pieces:
                    member.write(piece.encode("utf-8", "replace"))
    file.seek(0)
    return file
