"""Deribit's contract terms, from its lists or, for what it lists no more, from a name and its family."""

from __future__ import annotations

from collections.abc import Mapping

from truenav.connect.cefi.deribit.manifest import MANIFEST
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.contracts import dated_name
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight, instrument_id
from truenav.core.money import ONE

VENUE = MANIFEST.name
_RIGHTS: Mapping[str, OptionRight] = {"call": OptionRight.CALL, "put": OptionRight.PUT}


def deribit_id(name: str) -> InstrumentId:
    """Id of a market."""
    return instrument_id(VENUE, name)


def is_combination(name: str) -> bool:
    """Whether a name is that of several contracts traded at once, such as ``BTC-FS-26DEC25_PERP``.

    It has the code of its strategy where a contract has its day.
    """
    _, _, rest = name.partition("-")
    strategy, separator, _ = rest.partition("-")
    return bool(separator) and strategy[:1].isalpha()


def read_terms(reading: Reading, row: Node) -> None:
    """State the terms of one listed market; combinations, which only trade their legs, have none.

    One contract is ``contract_size`` units of base, of quote where the contract is inverse (``reversed``).
    An option's ``quote_currency`` is what it is paid in; the strike is in ``counter_currency``.
    """
    kind = _kind(row)
    if kind is None:
        return
    codes = (
        row.text("base_currency"),
        row.text_or("counter_currency") or row.text("quote_currency"),
        row.text_or("settlement_currency") or row.text("quote_currency"),
    )
    base, quote, settle = (reading.known_asset(code) for code in codes)
    if base is None or quote is None or settle is None:
        return
    spot, option = kind is InstrumentKind.SPOT, kind is InstrumentKind.OPTION
    size = ONE if spot else row.decimal("contract_size")
    if size <= 0:
        raise row.wrong("a contract has no size")
    name = row.text("instrument_name")
    reading.instruments.append(
        Instrument(
            id=deribit_id(name),
            venue=VENUE,
            code=name,
            kind=kind,
            base=base,
            quote=quote,
            settle=quote if spot else settle,
            multiplier=size,
            inverse=not spot and not option and settle == base,
            expiry_at=row.instant("expiration_timestamp") if _expires(kind) else None,
            strike=row.decimal("strike") if option else None,
            right=_right(row) if option else None,
        )
    )


def _kind(row: Node) -> InstrumentKind | None:
    match row.text("kind"):
        case "spot":
            return InstrumentKind.SPOT
        case "option":
            return InstrumentKind.OPTION
        case "future":
            endless = row.text_or("settlement_period") == "perpetual"
            return InstrumentKind.PERPETUAL if endless else InstrumentKind.FUTURE
        case _:
            return None


def _expires(kind: InstrumentKind) -> bool:
    return kind in (InstrumentKind.FUTURE, InstrumentKind.OPTION)


def _right(row: Node) -> OptionRight:
    right = _RIGHTS.get(row.text("option_type"))
    if right is None:
        raise row.wrong("option_type is neither call nor put")
    return right


def known_terms(reading: Reading, name: str) -> Instrument | None:
    """Terms of a market; of an expired one from its family; None where neither tells.

    A name tells expiry, strike and right (``BTC-26DEC25-100000-C``, ``XRP_USDC-26DEC25-0d5-P``); contract
    size, currencies and kind are the family's, so any listed sibling gives them.
    """
    known = reading.terms(deribit_id(name))
    if known is not None or (dated := dated_name(name)) is None:
        return known
    kind = InstrumentKind.FUTURE if dated.strike is None else InstrumentKind.OPTION
    prefix = deribit_id(dated.family) + "-"
    listed = reading.context.instruments.instruments.items()
    family = (one for key, one in listed if one.kind is kind and key.startswith(prefix))
    return reading.expired(deribit_id(name), dated, family)
