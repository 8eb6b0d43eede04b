"""The lines of a NAV: each piece with its price, its value and the marks that these rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache

from truenav.calc.nav.context import Context
from truenav.calc.nav.model import CoverageClass, LineKind, NavLine
from truenav.calc.nav.pieces import Piece
from truenav.calc.nav.prices import Prices
from truenav.calc.portfolio.measures import (
    NotAPositionError,
    exposure,
    unrealised_in_settle,
    value_in_settle,
)
from truenav.calc.pricing.marks import Mark, MarkOrigin, MarkQuality
from truenav.core.asset import AssetKind
from truenav.core.facts import QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ZERO, AssetId, divided, rounded

UNEXPOSED = frozenset({AssetKind.FIAT, AssetKind.STABLECOIN})
"""Kinds of asset whose balances are cash, not exposure."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What a price makes of a piece, unrounded; the fields are those of ``NavLine``."""

    price: Decimal | None = None
    quote: AssetId | None = None
    price_usd: Decimal | None = None
    value_usd: Decimal | None = None
    exposure_usd: Decimal | None = None
    gross_exposure_usd: Decimal | None = None
    unrealised_usd: Decimal | None = None


def priced(context: Context, prices: Prices, piece: Piece) -> tuple[NavLine, Failure | None]:
    """The line of a balance, position or manual item, unrounded; a failure if it is no position at all.

    Under ``exact()``.
    """
    if piece.kind is LineKind.POSITION:
        return _position(context, prices, piece)
    mark = prices.marks.of(piece.subject, piece.venue)
    if isinstance(mark, Failure):
        return _unpriced(piece, mark.message), None
    known = context.assets.assets.get(AssetId(piece.subject))
    exposed = known is None or known.kind not in UNEXPOSED
    value = piece.quantity * mark.price_usd
    worth = Worth(
        price=mark.price,
        quote=mark.quote,
        price_usd=mark.price_usd,
        value_usd=value,
        exposure_usd=value if exposed else ZERO,
        gross_exposure_usd=abs(value) if exposed else ZERO,
    )
    return _marked(piece, worth, mark), None


def shown(line: NavLine, places: int) -> NavLine:
    """The line with every figure rounded for output."""

    def at_output(number: Decimal | None) -> Decimal | None:
        return None if number is None else rounded(number, places)

    price = at_output(line.price)
    return NavLine(
        node=line.node,
        account=line.account,
        wallet=line.wallet,
        subject=line.subject,
        kind=line.kind,
        tag=line.tag,
        quantity=line.quantity,
        entry_price=line.entry_price,
        price=price,
        quote=line.quote,
        price_usd=price if line.price_usd is line.price else at_output(line.price_usd),
        value_usd=at_output(line.value_usd),
        exposure_usd=at_output(line.exposure_usd),
        gross_exposure_usd=at_output(line.gross_exposure_usd),
        unrealised_usd=at_output(line.unrealised_usd),
        coverage=line.coverage,
        price_source=line.price_source,
        snapshot_at=line.snapshot_at,
        quoted_at=line.quoted_at,
        evidence=line.evidence,
        notes=line.notes,
    )


def _position(context: Context, prices: Prices, piece: Piece) -> tuple[NavLine, Failure | None]:
    """One without an entry price is valued as if entered at the mark."""
    instrument = InstrumentId(piece.subject)
    terms = context.instruments.instruments.get(instrument)
    if terms is None:
        unknown = _unknown_instrument(piece)
        return _unpriced(piece, unknown.message), unknown
    mark = prices.marks.of(instrument)
    settle = prices.marks.of(terms.settle, terms.venue)
    if isinstance(mark, Failure):
        return _unpriced(piece, mark.message), None
    if isinstance(settle, Failure):
        return _unpriced(piece, settle.message), None
    natural = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
    price = _price_in(prices, natural, mark, terms)
    if price is None:
        return _unpriced(piece, f"{natural} has no price, in which {instrument} is valued."), None
    entry = piece.entry_price
    cost = price if entry is None else entry
    try:
        value = value_in_settle(terms, piece.quantity, cost, price) * settle.price_usd
        unrealised = unrealised_in_settle(terms, piece.quantity, cost, price) * settle.price_usd
    except NotAPositionError as error:
        refused = Failure(FailureKind.INVARIANT, instrument, error.message, "Correct the snapshot.")
        return _unpriced(piece, error.message), refused
    exposed, note = _exposure_usd(prices, terms, piece, price)
    worth = Worth(
        price=price,
        quote=natural,
        price_usd=mark.price_usd,
        value_usd=value,
        exposure_usd=exposed,
        gross_exposure_usd=None if exposed is None else abs(exposed),
        unrealised_usd=unrealised,
    )
    notes = (*note, *(("entry unknown: valued at the mark",) if entry is None else ()))
    return _marked(piece, worth, mark, settle, notes=notes), None


def _price_in(prices: Prices, natural: AssetId, mark: Mark, terms: Instrument) -> Decimal | None:
    """The mark in the asset that the contract's terms are stated in."""
    if mark.quote == natural:
        return mark.price
    unit = prices.usd(natural, terms.venue)
    return None if unit is None else divided(mark.price_usd, unit)


def _exposure_usd(
    prices: Prices, terms: Instrument, piece: Piece, price: Decimal
) -> tuple[Decimal | None, tuple[str, ...]]:
    delta = piece.whole_delta
    if delta is not None:
        delta = divided(delta * piece.quantity, piece.whole) if piece.whole else None
    number, asset = exposure(terms, piece.quantity, price, delta)
    unit = prices.usd(asset, terms.venue)
    if unit is None:
        return None, (f"exposure unknown: {asset} has no price",)
    unknown_delta = terms.kind is InstrumentKind.OPTION and delta is None
    return number * unit, (("delta unknown: full notional",) if unknown_delta else ())


def _unknown_instrument(piece: Piece) -> Failure:
    return Failure(
        FailureKind.UNKNOWN_INSTRUMENT,
        piece.subject,
        f"{piece.subject} is not in the instrument master; its position cannot be valued.",
        "Sync the venue's instruments and strike again.",
    )


def _unpriced(piece: Piece, why: str) -> NavLine:
    return line_of(
        piece, Worth(), CoverageClass.MISSING, "", None, evidence=piece.evidence, notes=(*piece.notes, why)
    )


def _marked(piece: Piece, worth: Worth, *used: Mark, notes: tuple[str, ...] = ()) -> NavLine:
    """The line with the source, time, quality and evidence of the marks that value it, its own first."""
    coverage, quoted_at, evidence = piece.coverage, used[0].quoted_at, set(piece.evidence)
    for one in used:
        if one.quality is MarkQuality.STALE:
            coverage = CoverageClass.STALE
        elif one.origin is MarkOrigin.MANUAL and coverage is not CoverageClass.STALE:
            coverage = CoverageClass.MANUAL
        quoted_at = min(quoted_at, one.quoted_at)
        evidence.update(one.evidence)
    source = _source(used[0].source, used[0].kind)
    return line_of(
        piece,
        worth,
        coverage,
        source,
        quoted_at,
        evidence=tuple(sorted(evidence)),
        notes=(*piece.notes, *notes),
    )


@cache
def _source(source: str, kind: QuoteKind) -> str:
    return f"{source} {kind}"


def line_of(
    piece: Piece,
    worth: Worth,
    coverage: CoverageClass | None,
    price_source: str,
    quoted_at: datetime | None,
    *,
    evidence: tuple[Sha256, ...],
    notes: tuple[str, ...],
) -> NavLine:
    """The line of a piece at what it is worth."""
    return NavLine(
        node=piece.node,
        account=piece.account,
        wallet=piece.wallet,
        subject=piece.subject,
        kind=piece.kind,
        tag=piece.tag,
        quantity=piece.quantity,
        entry_price=piece.entry_price,
        price=worth.price,
        quote=worth.quote,
        price_usd=worth.price_usd,
        value_usd=worth.value_usd,
        exposure_usd=worth.exposure_usd,
        gross_exposure_usd=worth.gross_exposure_usd,
        unrealised_usd=worth.unrealised_usd,
        coverage=coverage,
        price_source=price_source,
        snapshot_at=piece.snapshot_at,
        quoted_at=quoted_at,
        evidence=evidence,
        notes=notes,
    )
