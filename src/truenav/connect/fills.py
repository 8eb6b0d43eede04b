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
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from truenav.connect.contract import ParseContext
from truenav.connect.document import MAX_BYTES
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.clock import from_milliseconds
from truenav.core.evidence import Evidence
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import MAX_SCALE, AssetId
from truenav.core.trades import MILLISECOND, Instants, Trades

T = TypeVar("T")
_SHORT = MAX_SCALE
"""Letters of a number that breaks no limit of ours, whatever it is."""
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
    is negative when paid. See ``Trade``.
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
    fee_asset: Sequence[AssetId]
    order_id: Sequence[str]
    tag: Sequence[str | None]
    step: timedelta = MILLISECOND

    def facts(self, evidence: Evidence) -> Trades:
        """The same facts that the careful parser states."""
        size = len(self.id)
        charged = [one or None for one in self.fee]
        markets = {terms.id: terms for terms in self.terms}
        currencies = {name: _currency(terms) for name, terms in markets.items()}
        return Trades(
            source=evidence.connector,
            evidence=evidence.sha256,
            account=[evidence.account] * size,
            external_id=self.id,
            occurred_at=Instants(self.at, self.step),
            wallet=[self.wallet] * size,
            instrument=[terms.id for terms in self.terms],
            quantity=self.quantity,
            price=self.price,
            cost=self.cost,
            cost_asset=[currencies[terms.id] for terms in self.terms],
            realised=self.realised,
            realised_asset=[terms.settle for terms in self.terms],
            fee=charged,
            fee_asset=self.fee_asset,
            order_id=self.order_id,
            tag=self.tag,
        )


def _currency(terms: Instrument) -> AssetId:
    return terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T | None:
    """The page, or None where a field is missing, unknown, or of another type."""
    if len(body) > MAX_BYTES:
        return None
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def keys_stand_once(body: bytes, keys: int) -> bool:
    """Whether a page whose keys are all known and all there has no key twice, for it has so many in all."""
    return count_keys(body) == keys


def count_keys(text: bytes) -> int:
    """How many keys JSON text has at the least; a text within it may look like one."""
    return text.count(b'":')


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

    Where most of them stand several times, each is read once.
    """
    known = dict.fromkeys(texts)
    written = known if 2 * len(known) < len(texts) else texts
    odd = "".join(written).encode(errors="replace").translate(None, b"0123456789.-")
    if odd or max(map(len, written)) > _SHORT:
        return None
    try:
        numbers = list(map(Decimal, written))
    except InvalidOperation:
        return None
    if written is texts:
        return numbers
    read = dict(zip(known, numbers, strict=True))
    return [read[one] for one in texts]


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
    if any(one.code in wanted and (one.valid_from or one.valid_to) for one in context.assets.aliases):
        return None
    try:
        return {code: context.assets.resolve(venue, code, now) for code in wanted}
    except (UnknownAssetError, AmbiguousTickerError):
        return None
