"""Finds connectors and parsers by name, loading only the module that is needed.

Built-in connectors are listed here; a third party's package joins through the entry-point group
``truenav.connectors`` with the connector's name and is treated the same. A name that neither has, and that
is a venue of ccxt, is served by the unified connector; ccxt itself is loaded when such a venue is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from truenav.connect.contract import ConfigurableConnector, Connector, ParseContext, Parsed, Parser
from truenav.connect.errors import MalformedPayloadError, UnknownConnectorError, UnknownEndpointError
from truenav.core.evidence import Evidence
from truenav.core.failure import InvalidInputError, TruenavError

GROUP = "truenav.connectors"

_BUILTIN: Mapping[str, tuple[str, str]] = {
    "binance": ("truenav.connect.cefi.binance.parse", "truenav.connect.cefi.binance.connector"),
    "bitmex": ("truenav.connect.cefi.bitmex.parse", "truenav.connect.cefi.bitmex.connector"),
    "bitget": ("truenav.connect.cefi.bitget.parse", "truenav.connect.cefi.bitget.connector"),
    "bybit": ("truenav.connect.cefi.bybit.parse", "truenav.connect.cefi.bybit.connector"),
    "coinbase": ("truenav.connect.cefi.coinbase.parse", "truenav.connect.cefi.coinbase.connector"),
    "gate": ("truenav.connect.cefi.gate.parse", "truenav.connect.cefi.gate.connector"),
    "kucoin": ("truenav.connect.cefi.kucoin.parse", "truenav.connect.cefi.kucoin.connector"),
    "hyperliquid": (
        "truenav.connect.cefi.hyperliquid.parse",
        "truenav.connect.cefi.hyperliquid.connector",
    ),
    "htx": ("truenav.connect.cefi.htx.parse", "truenav.connect.cefi.htx.connector"),
    "okx": ("truenav.connect.cefi.okx.parse", "truenav.connect.cefi.okx.connector"),
    "deribit": ("truenav.connect.cefi.deribit.parse", "truenav.connect.cefi.deribit.connector"),
    "kraken": ("truenav.connect.cefi.kraken.parse", "truenav.connect.cefi.kraken.connector"),
    "krakenfutures": (
        "truenav.connect.cefi.krakenfutures.parse",
        "truenav.connect.cefi.krakenfutures.connector",
    ),
    "ecb": ("truenav.connect.prices.ecb.parse", "truenav.connect.prices.ecb.connector"),
    "vendor": ("truenav.connect.prices.vendor.parse", "truenav.connect.prices.vendor.connector"),
    "files": ("truenav.connect.files.parse", "truenav.connect.files.connector"),
    "coinbase_prime": (
        "truenav.connect.custody.coinbase_prime.parse",
        "truenav.connect.custody.coinbase_prime.connector",
    ),
    "cobo": ("truenav.connect.custody.cobo.parse", "truenav.connect.custody.cobo.connector"),
    "fireblocks": (
        "truenav.connect.custody.fireblocks.parse",
        "truenav.connect.custody.fireblocks.connector",
    ),
    "rest": ("truenav.connect.custody.rest.parse", "truenav.connect.custody.rest.connector"),
    "fix": ("truenav.connect.otc.fix.parse", "truenav.connect.otc.fix.connector"),
    "statement": (
        "truenav.connect.otc.statements.parse",
        "truenav.connect.otc.statements.connector",
    ),
    "manual": ("truenav.connect.manual.parse", "truenav.connect.manual.connector"),
}
"""Name to (module with ``PARSERS``, module with ``CONNECTOR``)."""
_UNIFIED = "truenav.connect.cefi.unified"


@cache
def connector_names() -> tuple[str, ...]:
    """All installed connectors with parsers of their own, built-in ones first."""
    return (*_BUILTIN, *sorted(point.name for point in entry_points(group=GROUP)))


@cache
def unified_names() -> tuple[str, ...]:
    """Venues that the unified connector serves: those of ccxt without a connector of their own."""
    known: Mapping[str, object] = import_module(f"{_UNIFIED}.catalogue").venues()
    return tuple(sorted(known.keys() - set(connector_names())))


@cache
def connector(name: str) -> Connector:
    """The connector called ``name``; raises ``UnknownConnectorError``."""
    if name in _BUILTIN:
        found: Any = import_module(_BUILTIN[name][1]).CONNECTOR
    elif name in unified_names():
        venue = import_module(f"{_UNIFIED}.catalogue").venues()[name]
        found = import_module(f"{_UNIFIED}.connector").UnifiedConnector(venue)
    else:
        found = _third_party(name)
    if not isinstance(found, Connector):
        raise UnknownConnectorError(
            f"{name!r} is installed but is no connector; ask its author to update it."
        )
    return found


def installed(name: str) -> Connector | None:
    """The connector called ``name``; None where a connection names one that is here no more."""
    try:
        return connector(name)
    except UnknownConnectorError:
        return None


def configured(name: str, settings: str) -> Connector:
    """The connector called ``name`` as a connection's settings complete it.

    Raises ``InvalidInputError`` where it needs settings and has none, or takes none and has some.
    """
    found = connector(name)
    if isinstance(found, ConfigurableConnector):
        if not settings:
            raise InvalidInputError(f"{found.manifest.title} needs settings; give them with the connection.")
        return found.configured(settings)
    if settings:
        raise InvalidInputError(f"{found.manifest.title} takes no settings; leave them out.")
    return found


@cache
def parsers(name: str) -> Mapping[str, Parser]:
    """The parsers of one connector, without loading its network client where it is built in."""
    if name in _BUILTIN:
        found: Mapping[str, Parser] = import_module(_BUILTIN[name][0]).PARSERS
        return found
    return _unified_parsers() if name in unified_names() else connector(name).parsers


def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """The facts, instruments and problems that a payload states; the same input gives the same output.

    Gathering and the offline verifier both call this. Raises ``MalformedPayloadError`` naming connector,
    endpoint and position; ``UnknownConnectorError`` or ``UnknownEndpointError`` for foreign evidence.
    """
    where = f"{evidence.connector} {evidence.endpoint}"
    # A venue that got parsers of its own may have been read through ccxt before: those rows still read.
    parser = parsers(evidence.connector).get(evidence.endpoint) or _unified_parsers().get(evidence.endpoint)
    if parser is None:
        raise UnknownEndpointError(
            f"{where}: this version knows no such endpoint; install the version that wrote it "
            f"({evidence.connector_version})."
        )
    if evidence.status >= 400:
        raise MalformedPayloadError(f"{where}: an answer with status {evidence.status} states no facts.")
    try:
        return parser(evidence, body, context)
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"{where}: {error.message}", **error.context) from error
    except TruenavError as error:
        raise MalformedPayloadError(
            f"{where}: {error.message} The payload is kept; report it with its hash {evidence.sha256}.",
            sha256=evidence.sha256,
        ) from error


@cache
def _unified_parsers() -> Mapping[str, Parser]:
    found: Mapping[str, Parser] = import_module(f"{_UNIFIED}.parse").PARSERS
    return found


def _third_party(name: str) -> object:
    found = list(entry_points(group=GROUP, name=name))
    if len(found) != 1:
        raise UnknownConnectorError(
            f"{name!r} is not an installed connector; installed: {', '.join(connector_names())}."
            if not found
            else f"{len(found)} packages offer a connector {name!r}; uninstall all but one."
        )
    try:
        return found[0].load()
    except Exception as error:
        raise UnknownConnectorError(
            f"{name!r} is installed and cannot be loaded ({type(error).__name__}: {error}); update it."
        ) from error
