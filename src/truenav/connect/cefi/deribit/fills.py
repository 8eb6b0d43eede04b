"""Deribit's trades, column by column."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from truenav.connect.cefi.deribit.ledger import WALLET, profits_noted
from truenav.connect.cefi.deribit.manifest import MANIFEST
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills, decoded, keys_stand_once, known_assets, plain_instants
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence
from truenav.core.instrument import InstrumentKind, instrument_id

VENUE = MANIFEST.name
_SIGNS = {"buy": 1, "sell": -1}
_PAID_AT_ONCE = (InstrumentKind.SPOT, InstrumentKind.OPTION)
_NUMBERS = re.compile(r"(?:-?[0-9]{1,19}(?:\.[0-9]{1,17})?(?:[eE]-[0-9])?\n)*", re.ASCII)
"""Numbers as the venue writes them, small fees with an exponent; too short to break any limit of ours."""
_Ignored = Raw | UnsetType


class _Row(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A trade as documented: no field but these."""

    trade_id: str
    timestamp: Raw
    instrument_name: str
    direction: str
    amount: Raw
    price: Raw
    fee: Raw
    order_id: str
    fee_currency: str | UnsetType = UNSET
    label: str | UnsetType = UNSET
    advanced: _Ignored = UNSET
    api: _Ignored = UNSET
    block_rfq_id: _Ignored = UNSET
    block_rfq_quote_id: _Ignored = UNSET
    block_trade_id: _Ignored = UNSET
    block_trade_leg_count: _Ignored = UNSET
    combo_id: _Ignored = UNSET
    combo_trade_id: _Ignored = UNSET
    contracts: _Ignored = UNSET
    index_price: _Ignored = UNSET
    iv: _Ignored = UNSET
    liquidation: _Ignored = UNSET
    liquidity: _Ignored = UNSET
    mark_price: _Ignored = UNSET
    matching_id: _Ignored = UNSET
    mmp: _Ignored = UNSET
    order_type: _Ignored = UNSET
    post_only: _Ignored = UNSET
    profit_loss: _Ignored = UNSET
    quote_id: _Ignored = UNSET
    quote_set_id: _Ignored = UNSET
    reduce_only: _Ignored = UNSET
    risk_reducing: _Ignored = UNSET
    self_trade: _Ignored = UNSET
    state: _Ignored = UNSET
    tick_direction: _Ignored = UNSET
    trade_seq: _Ignored = UNSET
    underlying_price: _Ignored = UNSET
    user_id: _Ignored = UNSET


class _Result(msgspec.Struct, forbid_unknown_fields=True):
    trades: list[_Row]
    has_more: bool


class _Page(msgspec.Struct, forbid_unknown_fields=True):
    result: _Result
    jsonrpc: _Ignored = UNSET
    id: _Ignored = UNSET
    usIn: _Ignored = UNSET  # noqa: N815 - the venue's name
    usOut: _Ignored = UNSET  # noqa: N815
    usDiff: _Ignored = UNSET  # noqa: N815
    testnet: _Ignored = UNSET


_DECODER = msgspec.json.Decoder(_Page)
_ENCODE = msgspec.json.Encoder().encode


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known markets whose profit is noted; None where the careful parser must look."""
    page = decoded(_DECODER, body)
    # Written again, each key that was there stands once.
    if page is None or not keys_stand_once(body, _ENCODE(page).count(b'":')):
        return None
    rows, profits = page.result.trades, profits_noted(evidence)
    known = context.instruments.instruments
    terms = {name: known.get(instrument_id(VENUE, name)) for name in {row.instrument_name for row in rows}}
    listed = [one for row in rows if (one := terms[row.instrument_name]) is not None]
    if not rows or len(listed) < len(rows) or {row.direction for row in rows} - _SIGNS.keys():
        return None
    paid = [one.kind in _PAID_AT_ONCE for one in listed]
    realised = _numbers(
        ["0" if free else profits.get(row.trade_id, "") for row, free in zip(rows, paid, strict=True)]
    )
    at = plain_instants([bytes(row.timestamp).decode() for row in rows])
    size, price, charge = (
        _numbers([bytes(one).decode() for one in column])
        for column in ([row.amount for row in rows], [row.price for row in rows], [row.fee for row in rows])
    )
    if at is None or realised is None or size is None or price is None or charge is None:
        return None
    charged = {_code(row) for row, one in zip(rows, charge, strict=True) if one}
    assets = known_assets(context, VENUE, charged, at)
    if assets is None:
        return None
    amount = [one * _SIGNS[row.direction] for one, row in zip(size, rows, strict=True)]
    return Fills(
        wallet=WALLET,
        id=[f"trade:{row.trade_id}" for row in rows],
        at=at,
        terms=listed,
        quantity=[one / each.multiplier for one, each in zip(amount, listed, strict=True)],
        price=price,
        cost=[-one * each if free else None for one, each, free in zip(amount, price, paid, strict=True)],
        realised=[None if free else one for one, free in zip(realised, paid, strict=True)],
        fee=[-one for one in charge],
        fee_asset=[assets.get(_code(row), one.quote) for row, one in zip(rows, listed, strict=True)],
        order_id=[row.order_id for row in rows],
        tag=[_tag(row) for row in rows],
    )


def _numbers(texts: list[str]) -> list[Decimal] | None:
    """Exact numbers of a column, or None where one is written in another way."""
    return list(map(Decimal, texts)) if _NUMBERS.fullmatch("\n".join([*texts, ""])) else None


def _code(row: _Row) -> str:
    return row.fee_currency if isinstance(row.fee_currency, str) else ""


def _tag(row: _Row) -> str | None:
    label = row.label if isinstance(row.label, str) else ""
    return tag_of(label) or label or None
