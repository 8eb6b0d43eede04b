"""Contract terms, each version with validity dates. Units come from here, never from a payload alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from truenav.core.failure import InvalidInputError
from truenav.core.ids import InstrumentId
from truenav.core.money import AssetId


class UnknownInstrumentError(InvalidInputError):
    """A venue names a market that the instrument master does not know."""

    code = "unknown-instrument"
    title = "Unknown instrument"


class InstrumentKind(StrEnum):
    """The four kinds of contract."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"


class OptionRight(StrEnum):
    """Call or put."""

    CALL = "call"
    PUT = "put"


@dataclass(frozen=True, slots=True)
class Instrument:
    """Terms of one market. ``id`` is ``venue:code``, for example ``okx:BTC-USD-SWAP``.

    ``multiplier`` is the size of one contract: units of ``base`` for spot, linear contracts and options;
    units of ``quote`` (a fixed notional, for example 100 USD) where ``inverse``. Prices are in ``quote``
    per ``base``, except an option's, which are in ``settle`` per ``base``. Profit is paid in ``settle``.
    Terms hold from ``valid_from`` (None: since ever) until ``valid_to`` (exclusive; None: until others do).
    """

    id: InstrumentId
    venue: str
    code: str
    kind: InstrumentKind
    base: AssetId
    quote: AssetId
    settle: AssetId
    multiplier: Decimal
    inverse: bool = False
    expiry_at: datetime | None = None
    strike: Decimal | None = None
    right: OptionRight | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


def instrument_id(venue: str, code: str) -> InstrumentId:
    """``venue:code``."""
    return InstrumentId(f"{venue}:{code}")


SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)


class InstrumentBook:
    """Finds terms by instrument id: the newest, or those of an instant."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.versions: tuple[Instrument, ...] = tuple(sorted(instruments, key=_start))
        """All terms, of one instrument the older before the newer."""
        self.instruments: Mapping[InstrumentId, Instrument] = {one.id: one for one in self.versions}
        """The newest terms of each."""
        self._dated: dict[InstrumentId, list[Instrument]] = {}
        if len(self.instruments) < len(self.versions):
            for one in self.versions:
                self._dated.setdefault(one.id, []).append(one)

    def get(self, instrument: InstrumentId, at: datetime | None = None) -> Instrument:
        """The terms in force at ``at`` (by default the newest), or ``UnknownInstrumentError``.

        Before the first terms that are known the first are taken. Nothing is guessed.
        """
        try:
            newest = self.instruments[instrument]
        except KeyError:
            raise UnknownInstrumentError(
                f"{instrument!r} is not in the instrument master; sync the venue's instruments first.",
                instrument=instrument,
            ) from None
        if at is None or _start(newest) <= at:
            return newest
        dated = self._dated.get(instrument, [newest])
        return next((one for one in reversed(dated) if _start(one) <= at), dated[0])

    def with_newest(self, more: Iterable[Instrument]) -> InstrumentBook:
        """The same book with ``more`` as the newest terms, in force since when those they replace were."""
        fresh = {one.id: self._in_force(one) for one in more}
        if not fresh:
            return self
        newest = self.instruments
        kept = [one for one in self.versions if one.id not in fresh or one is not newest[one.id]]
        return InstrumentBook([*kept, *fresh.values()])

    def _in_force(self, one: Instrument) -> Instrument:
        newest = self.instruments.get(one.id)
        if newest is None or newest.valid_from == one.valid_from:
            return one
        return replace(one, valid_from=newest.valid_from)

    def changes(self, found: Iterable[Instrument], *, at: datetime) -> tuple[Instrument, ...]:
        """What the master must write down so that it says what was ``found`` at an instant.

        New terms, terms with other assets (in their place), and for another contract under a known name two
        versions: the old one until ``at`` and the new one from then on.
        """
        changed: list[Instrument] = []
        for one in found:
            newest = self.instruments.get(one.id)
            if newest is None:
                changed.append(one)
            elif not same_contract(newest, one):
                changed += [replace(newest, valid_to=at), replace(one, valid_from=at)]
            elif self._in_force(one) != newest:
                changed.append(self._in_force(one))
        return tuple(changed)


def same_contract(one: Instrument, other: Instrument) -> bool:
    """Whether two terms describe one contract: size, kind of profit, expiry, strike and right agree.

    Assets are left out: they also change where a person corrects what a venue's ticker means, and such a
    correction holds for the past, too.
    """
    return _contract(one) == _contract(other)


def _start(one: Instrument) -> datetime:
    return one.valid_from or SINCE_EVER


def _contract(one: Instrument) -> tuple[object, ...]:
    return one.kind, one.multiplier, one.inverse, one.expiry_at, one.strike, one.right
