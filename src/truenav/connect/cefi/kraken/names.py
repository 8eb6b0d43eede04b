"""What Kraken calls things: codes of assets with their old prefixes and suffixes, and names of pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from truenav.connect.cefi.kraken.manifest import MANIFEST
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, instrument_id
from truenav.core.money import AssetId

VENUE = MANIFEST.name
MARGIN = f"{VENUE}-margin"
"""Namespace of positions on margin: a pair is traded both ways."""
(MAIN,) = MANIFEST.wallets

_OLD_NAMES = {
    "XBT": "BTC",
    "XXBT": "BTC",
    "XDG": "DOGE",
    "XXDG": "DOGE",
    "ETH2": "ETH",
    **{f"X{code}": code for code in ("ETC", "ETH", "ICN", "LTC", "MLN", "NMC", "REP", "XLM", "XMR", "XRP")},
    **{f"X{code}": code for code in ("XVN", "ZEC")},
    **{f"Z{code}": code for code in ("AUD", "CAD", "EUR", "GBP", "JPY", "KRW", "USD")},
}
"""Codes from before Kraken listed new coins by their tickers; the list is closed."""
_VARIANT = re.compile(r"(?P<code>[A-Z0-9]+)\.(?P<variant>S|M|B|F|P|HOLD)", re.ASCII)
_BONDED = re.compile(r"(?P<code>[A-Z0-9]*[A-Z])\d{2}", re.ASCII)
"""A staked coin with the days of its bond, as in DOT28.S."""
_AT_HAND = "F"
"""What earns by itself stays free to trade; what other products hold does not."""
_STREAM_NAMES = {"XBT": "BTC", "XDG": "DOGE"}


def asset(reading: Reading, code: str, at: datetime) -> AssetId:
    """The asset that a code means; a variant (staked, earning, on hold) is its base asset.

    The whole code comes first, so that an alias of the house decides. An unknown one is told by its base.
    """
    *_, plain = _names(code)
    return _found(reading, code, at) or reading.asset(plain, at)


def known_asset(reading: Reading, code: str) -> AssetId | None:
    """The same, or None: for lists that name more than we hold."""
    return _found(reading, code, reading.evidence.answered_at) or reading.known_asset(code)


def is_bound(code: str) -> bool:
    """Whether a code stands for what lies in a product or on hold, and cannot be traded as it is."""
    match = _VARIANT.fullmatch(code)
    return match is not None and match["variant"] != _AT_HAND


def _found(reading: Reading, code: str, at: datetime) -> AssetId | None:
    for name in _names(code):
        try:
            return reading.context.assets.resolve(reading.venue, name, at)
        except UnknownAssetError:
            continue
        except AmbiguousTickerError:
            return None
    return None


def _names(code: str) -> Iterator[str]:
    yield code
    base = code
    if (match := _VARIANT.fullmatch(code)) is not None:
        base = match["code"]
        yield base
    yield _OLD_NAMES.get(base, base)
    if match is not None and match["variant"] == "S" and (bonded := _BONDED.fullmatch(base)) is not None:
        yield _OLD_NAMES.get(bonded["code"], bonded["code"])


def spellings(code: str) -> tuple[str, ...]:
    """How a code is written in the name of a pair: with its old prefix, and without."""
    return (code, code[1:]) if code in _OLD_NAMES and len(code) == 4 and code[0] in "XZ" else (code,)


def pair_id(key: str) -> InstrumentId:
    """Id of a pair, by its key in the venue's list (``XXBTZUSD``)."""
    return instrument_id(VENUE, key)


def margin_id(key: str) -> InstrumentId:
    """Id of positions on margin in a pair."""
    return instrument_id(MARGIN, key)


def listed(reading: Reading, name: str, *, margin: bool = False) -> Instrument | None:
    """Terms of a pair by key, short name (``XBTUSD``) or name with a slash; None where none is known."""
    named = margin_id if margin else pair_id
    found = reading.terms(named(name))
    if found is not None:
        return found
    short, prefix = name.replace("/", ""), named("")
    known = reading.context.instruments.instruments
    return next(
        (one for key, one in known.items() if key.startswith(prefix) and short_name(one) == short), None
    )


def short_name(terms: Instrument) -> str:
    """``XBTUSD`` of the pair whose key is ``XXBTZUSD``."""
    return terms.code.replace("/", "")


def stream_name(terms: Instrument) -> str | None:
    """What the stream calls a pair (``BTC/USD``), None where it does not tell of it."""
    base, slash, quote = terms.code.partition("/")
    if not slash:
        return None
    return f"{_STREAM_NAMES.get(base, base)}/{_STREAM_NAMES.get(quote, quote)}"


def entries(node: Node) -> list[tuple[str, Node]]:
    """The fields of an object, whatever they are called: Kraken lists things by their names."""
    if not isinstance(node.value, dict):
        raise node.wrong("an object is expected")
    return [(name, Node(value, f"{node.path}.{name}")) for name, value in node.value.items()]
