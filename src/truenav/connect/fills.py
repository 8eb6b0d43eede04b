"""Fills in bulk: the pages of a long history read column by column, as exactly as row by row.

A page that is in every way as the venue documents it is read at once: its fields, all of them and no other,
its numbers plain, its assets and markets known. Anything else is left to the careful parser, which says what
is wrong and where. So both give the same facts, and only the time differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from operator import neg
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from truenav.connect.contract import ParseContext
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.clock import from_milliseconds
from truenav.core.evidence import Evidence
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import MAX_SCALE, AssetId
from truenav.core.trades import MILLISECOND, Instants, Trades

T = TypeVar("T")
_SHORT = MAX_SCALE
"""Letters of a number that breaks no limit of ours, whatever it is."""
_SAMPLE = 64
"""Numbers of a column from which is told whether they repeat."""
_INSTANT = 14
"""Digits of milliseconds, until long after the last that a venue will tell."""

Number = Annotated[int, msgspec.Meta(gt=0, lt=10**18)]
"""A whole number that is the same however it is written."""
Instant = Annotated[int, msgspec.Meta(gt=0, lt=10**_INSTANT)]
"""Milliseconds since 1970, written as a number."""


@dataclass(frozen=True, slots=True)
class Fills:
    """The fills of one payload: row ``n`` of each column is fill ``n``, in the venue's order.

    ``at`` counts milliseconds since 1970, or what ``step`` is. ``quantity`` is in contracts, sold negative;
    ``cost`` in the quote asset (an option's in the settle asset); ``realised`` in the settle asset; ``fee``
    is negative when paid, and has no asset where it is 0. See ``Trade``.
    """

    wallet: str
    id: Sequence[str]
    at: Sequence[int]
    terms: Sequence[Instrument]
    quantity: Sequence[Decimal]
    price: Sequence[Decimal]
    cost: Sequence[Decimal | None]
    realised: Sequence[Decimal | None]
    fee: Sequence[Decimal]
    fee_asset: Sequence[AssetId | None]
    order_id: Sequence[str]
    tag: Sequence[str | None]
    step: timedelta = MILLISECOND

    def facts(self, evidence: Evidence) -> Trades:
        """The same facts that the careful parser states."""
        size = len(self.id)
        instrument = [terms.id for terms in self.terms]
        markets = dict(zip(instrument, self.terms, strict=True))
        currencies = {name: _currency(terms) for name, terms in markets.items()}
        return Trades(
            source=evidence.connector,
            evidence=evidence.sha256,
            account=[evidence.account] * size,
            external_id=self.id,
            occurred_at=Instants(self.at, self.step),
            wallet=[self.wallet] * size,
            instrument=instrument,
            quantity=self.quantity,
            price=self.price,
            cost=self.cost,
            cost_asset=[currencies[name] for name in instrument],
            realised=self.realised,
            realised_asset=[terms.settle for terms in self.terms],
            fee=[one or None for one in self.fee],
            fee_asset=self.fee_asset,
            order_id=self.order_id,
            tag=self.tag,
        )


def _currency(terms: Instrument) -> AssetId:
    return terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T | None:
    """The page, or None where a field is missing, unknown, or of another type."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def keys_stand_once(body: bytes, keys: int) -> bool:
    """Whether a page whose keys are all known and all there has no key twice, for it has so many in all.

    Each key has a colon. Where texts have colons too, those that end a key are counted.
    """
    return body.count(b":") == keys or (count_keys(body) == keys and not is_spaced(body))


def count_keys(text: bytes) -> int:
    """How many keys JSON text has at most, if it is not spaced; a text within it may look like one."""
    return text.count(b'":')


def is_spaced(body: bytes) -> bool:
    """Whether white space stands before a colon, so that a key may not look like one."""
    return any(space + b":" in body for space in (b" ", b"\t", b"\n", b"\r") if space in body)


class Key(NamedTuple):
    """A field of a row: its name, and the type of its value in the first row."""

    name: str
    kind: type


Keys = tuple[Key, ...]


def keys_of_first(body: bytes, before: bytes) -> Keys:
    """The keys of the first row, right behind ``before``; none where there is no row, or an odd key."""
    start = body.find(before) + len(before)
    try:
        first, _ = _FIRST.raw_decode(body[start : start + _LONGEST_ROW].decode(errors="replace"))
    except (ValueError, RecursionError):
        return ()
    if not isinstance(first, dict) or not all(map(_is_plain, first)):
        return ()
    return tuple(Key(name, type(value)) for name, value in first.items())


def _is_plain(key: str) -> bool:
    return key.isprintable() and not {'"', "\\"} & set(key)


@lru_cache(maxsize=64)
def row_type(base: type[msgspec.Struct], keys: Keys) -> type[Any]:
    """Rows of ``base`` that have all of these keys and no other; what ``base`` has not states nothing."""
    others = {f"other{n}": key for n, key in enumerate(keys) if key.name not in base.__struct_encode_fields__}
    return msgspec.defstruct(
        "Row",
        [(name, _LIGHT.get(key.kind, msgspec.Raw)) for name, key in others.items()],
        bases=(base,),
        rename={name: key.name for name, key in others.items()},
        gc=False,
        forbid_unknown_fields=True,
        kw_only=True,
    )


_LIGHT: dict[type, Any] = {str: str | None, bool: bool | None}
"""Types that are read sooner than a raw value is kept."""
_FIRST = json.JSONDecoder()
_LONGEST_ROW = 8192


def plain_numbers(texts: Sequence[str]) -> list[Decimal] | None:
    """Exact numbers of a column, or None where one is long or not written plainly.

    Where most of the first ones stand several times, each is read once.
    """
    first = texts[:_SAMPLE]
    written = dict.fromkeys(texts) if 2 * len(set(first)) < len(first) else texts
    odd = "".join(written).encode(errors="replace").translate(None, b"0123456789.-")
    if odd or max(map(len, written)) > _SHORT:
        return None
    try:
        numbers = list(map(Decimal, written))
    except InvalidOperation:
        return None
    if written is texts:
        return numbers
    known = dict(zip(written, numbers, strict=True))
    return [known[one] for one in texts]


def signed(numbers: Sequence[Decimal], plus: Sequence[bool]) -> list[Decimal]:
    """Each number as it is where ``plus``, else with the other sign."""
    return [one if up else -one for one, up in zip(numbers, plus, strict=True)]


def negated(numbers: Sequence[Decimal]) -> list[Decimal]:
    """Each number with the other sign."""
    return list(map(neg, numbers))


def plain_instants(texts: Sequence[str]) -> list[int] | None:
    """Milliseconds of a column, or None where one is none."""
    written = "".join(texts)
    if not (written.isascii() and written.isdigit() and all(texts)) or max(map(len, texts)) > _INSTANT:
        return None
    return list(map(int, texts))


def known_assets(
    context: ParseContext, venue: str, codes: Iterable[str], at: Sequence[int]
) -> Mapping[str, AssetId] | None:
    """What each code means, or None where one is unknown or meant something else at other times."""
    now = from_milliseconds(max(at))
    wanted = set(codes)
    if wanted & context.assets.dated_codes:
        return None
    try:
        return {code: context.assets.resolve(venue, code, now) for code in wanted}
    except (UnknownAssetError, AmbiguousTickerError):
        return None
