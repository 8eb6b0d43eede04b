"""The marks that a question of a replay names, describes or brings along."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from truenav.app.etp.analysis.questions import FileReading, GivenMarks, ReplayInputError, SeenMarks
from truenav.app.etp.analysis.turns import turn
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import BadMarkError, History, checked
from truenav.calc.etp.explain.described import MOST_MARKS, Described, described_history
from truenav.connect.products.marks import Reading, read_history
from truenav.connect.products.tables import PriceFileError
from truenav.store import products
from truenav.store.database import Session

MOST_GIVEN = 10_000
"""Marks that may stand in a question itself."""

MOST_ROWS = 2_000_000
"""Rows of a file, those of other symbols and outside the window among them."""

MOST_ROLLS = 1_000

DESCRIBED_START = datetime(2026, 1, 1, tzinfo=UTC)

QUICK_BYTES = 256 * 1024
"""Of a file that is read at once; a larger one takes a turn, and one of Parquet, whose size tells nothing."""

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


class Sent(NamedTuple):
    """A file that was sent along."""

    name: str
    data: bytes


def history_of_files(
    prices: Sent,
    reading: FileReading,
    *,
    now: datetime,
    funding: Sent | None = None,
    rolls: Sent | None = None,
) -> History:
    """The marks of a CSV or Parquet file, with rates and rolls of their own files where there are any.

    `PriceFileError` names the file and the line that cannot be used. `OverloadedError` where reading would
    take long and the server computes as much as it can bear.
    """
    given = [one for one in (prices, funding, rolls) if one is not None]
    own = Reading(
        reading.zone, reading.symbol, reading.time_column, reading.price_column, reading.start, reading.end
    )
    with (
        nullcontext() if all(map(_is_quick, given)) else turn(),
        TemporaryDirectory(prefix="truenav-") as folder,
    ):
        path, *more = (
            _kept(one, Path(folder, str(place))) for place, one in enumerate((prices, funding, rolls))
        )
        assert path is not None
        history = read_history(path, own, now=now, funding=more[0], rolls=more[1], most_rows=MOST_ROWS)
    return _limited(history)


def _is_quick(file: Sent) -> bool:
    return len(file.data) <= QUICK_BYTES and not file.data.startswith(_PARQUET)


def _kept(file: Sent | None, folder: Path) -> Path | None:
    """The file under its own name, by which refusals call it, in a folder of its own."""
    if file is None:
        return None
    if file.data.startswith(_GZIP):
        raise PriceFileError(f"{file.name} is packed; send it unpacked, or replay it by the command line.")
    folder.mkdir()
    path = folder / file.name
    path.write_bytes(file.data)
    return path


def history_of_question(
    history: Described | GivenMarks | SeenMarks, session: Session, *, now: datetime
) -> History:
    """The marks that a question names or describes; a listing in it was looked up by the caller."""
    match history:
        case Described():
            return described_history(history, DESCRIBED_START)
        case GivenMarks():
            return _given(history, now)
        case SeenMarks():
            return _seen(history, session)


def _given(history: GivenMarks, now: datetime) -> History:
    if len(history.marks) > MOST_GIVEN:
        raise ReplayInputError(f"A question may hold {MOST_GIVEN:,} marks; send more of them as a file.")
    times = [microseconds(mark.at) for mark in history.marks]
    return checked(History(times, [mark.price for mark in history.marks]), now=now)


def _seen(history: SeenMarks, session: Session) -> History:
    since, until = microseconds(history.since), microseconds(history.until)
    times: list[int] = []
    prices: list[Decimal] = []
    rates: list[tuple[int, Decimal]] = []
    _, chapters = products.between(session, history.listing, history.since, history.until)
    for chapter in chapters:
        inside = [mark for mark in chapter.marks if since <= mark.at <= until]
        times += [mark.at for mark in inside]
        prices += [mark.price for mark in inside]
        rates += [(one.charged_at, one.rate) for one in chapter.rates if since < one.charged_at <= until]
        if len(times) > MOST_MARKS:
            raise ReplayInputError(
                f"There are more than {MOST_MARKS:,} marks in this span; take a shorter one."
            )
    if len(times) < 2:
        raise BadMarkError(f"{history.listing} saw {len(times)} marks in this span; two are needed.")
    return History(times, prices, tuple(rates))


def _limited(history: History) -> History:
    if len(history) > MOST_MARKS:
        raise ReplayInputError(
            f"The file has {len(history):,} marks, more than {MOST_MARKS:,}; choose a start and an end, or "
            "replay it by the command line."
        )
    if len(history.rolls) > MOST_ROLLS:
        raise ReplayInputError(
            f"{len(history.rolls):,} rolls are more than {MOST_ROLLS:,}; a future rolls monthly."
        )
    return history
