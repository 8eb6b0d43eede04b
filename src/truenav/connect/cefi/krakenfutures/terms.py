"""Kraken Futures' names: accounts, assets, and terms of contracts, listed or expired."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from itertools import chain
from zoneinfo import ZoneInfo

from truenav.connect.cefi.krakenfutures.manifest import MANIFEST
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.clock import parse_instant
from truenav.core.contracts import dated_name
from truenav.core.failure import InvalidInputError
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import AssetId

VENUE = MANIFEST.name
FLEX, CASH, SINGLE = MANIFEST.wallets
_FLEX_NAMES = frozenset({FLEX, "mc"})
_OLD_NAMES = {"XBT": "BTC", "XDG": "DOGE"}
_SYMBOL = re.compile(r"[PF][A-Z]_(?P<market>[A-Z0-9]+)(?:_(?P<day>\d{6}))?", re.ASCII | re.IGNORECASE)
_QUOTE_LETTERS = 3
"""Where a contract does not say what it is quoted in, its name ends with it (``XBTUSD``, ``XRPXBT``)."""
_INVERSE = "futures_inverse"
_KINDS = frozenset({_INVERSE, "futures_vanilla", "flexible_futures"})
_FLEXIBLE = ("PF_", "FF_")
_LONDON, _LAST_HOUR = ZoneInfo("Europe/London"), time(16)
"""Dated contracts end at four in the afternoon in London."""


def contract_id(symbol: str) -> InstrumentId:
    """Id of a contract; some answers write its symbol in small letters."""
    return instrument_id(VENUE, symbol.upper())


def wallet_of(account: str, code: str = "") -> str:
    """The wallet that an account of the venue belongs to; ``code`` is the currency that is booked in it.

    The log may call the cash account by that currency (``ETH``), and the flex account ``MC``.
    """
    name = account.lower()
    if name in _FLEX_NAMES:
        return FLEX
    return CASH if name in (CASH, code.lower()) else SINGLE


def wallet_of_contract(symbol: str) -> str:
    """The wallet in which a contract is held."""
    return FLEX if symbol.upper().startswith(_FLEXIBLE) else SINGLE


def asset(reading: Reading, code: str, at: datetime) -> AssetId:
    """The asset that a code means, in capital or small letters; an unknown one is told."""
    return _found(reading, code, at) or reading.asset(code.upper(), at)


def _known_asset(reading: Reading, code: str) -> AssetId | None:
    return _found(reading, code, reading.evidence.answered_at)


def _found(reading: Reading, code: str, at: datetime) -> AssetId | None:
    name = code.upper()
    for one in (code, name, _OLD_NAMES.get(name, name)):
        try:
            return reading.context.assets.resolve(reading.venue, one, at)
        except UnknownAssetError:
            continue
        except AmbiguousTickerError:
            return None
    return None


def read_terms(reading: Reading, row: Node) -> None:
    """State the terms of one listed contract; indices and what is neither perpetual nor future have none.

    One contract is ``contractSize`` units of base, of quote where it is inverse; that pays in base, all
    others in quote.
    """
    symbol = row.text("symbol")
    match = _SYMBOL.fullmatch(symbol)
    if match is None or row.text("type") not in _KINDS:
        return
    market = match["market"]
    quote_code = row.text_or("quote") or market[-_QUOTE_LETTERS:]
    base_code = row.text_or("base") or market[: -len(quote_code)]
    base, quote = _known_asset(reading, base_code), _known_asset(reading, quote_code)
    if base is None or quote is None:
        return
    size = row.decimal("contractSize")
    if size <= 0:
        raise row.wrong("a contract has no size")
    inverse, dated = row.text("type") == _INVERSE, match["day"] is not None
    reading.instruments.append(
        Instrument(
            id=contract_id(symbol),
            venue=VENUE,
            code=symbol,
            kind=InstrumentKind.FUTURE if dated else InstrumentKind.PERPETUAL,
            base=base,
            quote=quote,
            settle=base if inverse else quote,
            multiplier=size,
            inverse=inverse,
            expiry_at=_expiry(row, symbol) if dated else None,
        )
    )


def _expiry(row: Node, symbol: str) -> datetime:
    if row.text_or("lastTradingTime"):
        return instant(row, "lastTradingTime")
    dated = dated_name(symbol.upper())
    if dated is None:
        raise row.wrong("a dated contract does not tell its last day")
    return datetime.combine(dated.expires_on, _end_of(dated.expires_on))


def _end_of(day: date) -> time:
    return datetime.combine(day, _LAST_HOUR, _LONDON).astimezone(UTC).timetz()


def known_terms(reading: Reading, symbol: str) -> Instrument | None:
    """Terms of a contract; of an expired one from its family, or the perpetual of its kind; else None."""
    name = contract_id(symbol)
    known = reading.terms(name)
    if known is not None or (dated := dated_name(symbol.upper())) is None:
        return known
    listed = reading.context.instruments.instruments
    prefix, perpetual = f"{contract_id(dated.family)}_", contract_id(f"P{dated.family[1:]}")
    family = (one for key, one in listed.items() if key.startswith(prefix))
    sibling = (one for key, one in listed.items() if key == perpetual)
    return reading.expired(name, dated, chain(family, sibling), at=_end_of(dated.expires_on))


def instant(row: Node, name: str) -> datetime:
    """A field with an RFC 3339 time."""
    try:
        return parse_instant(row.text(name), what=f"{row.path}.{name}")
    except InvalidInputError as error:
        raise row.wrong(error.message) from error


def entries(node: Node) -> list[tuple[str, Node]]:
    """The fields of an object, whatever they are called."""
    if not isinstance(node.value, dict):
        raise node.wrong("an object is expected")
    return [(name, Node(value, f"{node.path}.{name}")) for name, value in node.value.items()]
