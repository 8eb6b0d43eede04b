"""What leverage tiers a payload states, read when somebody asks; gathering keeps the payloads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module

from truenav.connect.contract import ParseContext
from truenav.connect.document import Node
from truenav.connect.errors import MalformedPayloadError
from truenav.core.evidence import Evidence
from truenav.core.failure import TruenavError
from truenav.core.ids import InstrumentId
from truenav.core.leverage import LeverageTiers

ReadTiers = Callable[[Evidence, bytes, ParseContext], Iterable[LeverageTiers]]
"""Tiers of the contracts in a payload whose terms are known; raises ``MalformedPayloadError``."""

TIERED_VENUES = (
    "binance",
    "bitget",
    "bitmex",
    "bybit",
    "deribit",
    "gate",
    "htx",
    "hyperliquid",
    "krakenfutures",
    "kucoin",
    "okx",
)
"""Venues with a module ``tiers`` whose ``TIERS`` maps an endpoint to what reads it."""


@cache
def tier_readers(venue: str) -> Mapping[str, ReadTiers]:
    """Endpoints whose payloads state leverage tiers, each with its reader; none for other venues."""
    if venue not in TIERED_VENUES:
        return {}
    found: Mapping[str, ReadTiers] = import_module(f"truenav.connect.cefi.{venue}.tiers").TIERS
    return found


def read_tiers(evidence: Evidence, body: bytes, context: ParseContext) -> tuple[LeverageTiers, ...]:
    """The tiers that a payload of a `tier_readers` endpoint states; the same input gives the same output.

    Raises ``MalformedPayloadError``.
    """
    read = tier_readers(evidence.connector)[evidence.endpoint]
    try:
        return tuple(read(evidence, body, context))
    except ArithmeticError as error:
        where = f"{evidence.connector} {evidence.endpoint}"
        raise MalformedPayloadError(
            f"{where}: a leverage is zero, or a number cannot be reckoned with."
        ) from error
    except TruenavError as error:
        raise MalformedPayloadError(f"{evidence.connector} {evidence.endpoint}: {error.message}") from error


def by_instrument(
    rows: Iterable[tuple[InstrumentId, Node]], context: ParseContext
) -> Iterator[tuple[InstrumentId, list[Node]]]:
    """The rows of each contract whose terms are known, of answers with one row for each step."""
    found: dict[InstrumentId, list[Node]] = {}
    for name, row in rows:
        if name in context.instruments.instruments:
            found.setdefault(name, []).append(row)
    yield from found.items()
