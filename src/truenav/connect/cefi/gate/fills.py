"""Gate's fills of pairs, column by column."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from truenav.connect.cefi.gate.answers import MARGIN, SPOT, UNIFIED, VENUE, spot_id
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills, decoded, each_stands, known_assets, plain_numbers
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence
from truenav.core.trades import MICROSECOND

_SIGNS = {"buy": 1, "sell": -1}
_WHOLE = 13
_TIMES = re.compile(r"(?:[0-9]{13}\.[0-9]{3,12}\n)+")
"""Milliseconds with their fraction, as the venue writes them from 2001 to 2286."""


class _Row(msgspec.Struct, gc=False):
    """What a fill is stated from; its other fields state nothing."""

    id: str
    create_time_ms: str
    currency_pair: str
    side: str
    amount: str
    price: str
    order_id: str
    fee: str
    fee_currency: str
    point_fee: str
    gt_fee: str
    text: str
    deal: str = ""


_DECODER = msgspec.json.Decoder(list[_Row])
_KEYS = tuple(name for name in _Row.__struct_fields__ if name != "deal")


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs of a noted account, each with one fee; None where the careful parser must look."""
    wallet = dict(evidence.request.params).get("account", "")
    rows = decoded(_DECODER, body)
    if not rows or wallet not in (SPOT, MARGIN, UNIFIED) or not each_stands(body, _KEYS, len(rows)):
        return None
    if not each_stands(body, ("deal",), sum(bool(row.deal) for row in rows)):
        return None
    if any(row.side not in _SIGNS for row in rows):
        return None
    known = context.instruments.instruments
    terms = {name: known.get(spot_id(name)) for name in {row.currency_pair for row in rows}}
    listed = [one for row in rows if (one := terms[row.currency_pair]) is not None]
    at = _microseconds([row.create_time_ms for row in rows])
    price, size, deal, fee, in_gt, in_points = (
        plain_numbers(column)
        for column in (
            [row.price for row in rows],
            [row.amount for row in rows],
            [row.deal or "0" for row in rows],
            [row.fee or "0" for row in rows],
            [row.gt_fee or "0" for row in rows],
            [row.point_fee or "0" for row in rows],
        )
    )
    if at is None or price is None or size is None or deal is None or len(listed) < len(rows):
        return None
    if fee is None or in_gt is None or in_points is None:
        return None
    told = list(zip(fee, in_gt, in_points, strict=True))
    if any(bool(plain) + bool(gt) + bool(points) > 1 for plain, gt, points in told):
        return None
    codes = [
        row.fee_currency if plain else "GT" if gt else "POINT" if points else None
        for row, (plain, gt, points) in zip(rows, told, strict=True)
    ]
    assets = known_assets(context, VENUE, {code for code in codes if code is not None}, [max(at) // 1000])
    if assets is None:
        return None
    quantity = [_SIGNS[row.side] * one for row, one in zip(rows, size, strict=True)]
    tags = {text: tag_of(text[2:]) for text in {row.text for row in rows} if text.startswith("t-")}
    return Fills(
        wallet=wallet,
        id=[f"spot:{row.id}" for row in rows],
        at=at,
        step=MICROSECOND,
        terms=listed,
        quantity=quantity,
        price=price,
        cost=[
            -_SIGNS[row.side] * paid if paid else -number * each
            for row, paid, number, each in zip(rows, deal, quantity, price, strict=True)
        ],
        realised=[None] * len(rows),
        fee=[-(plain or gt or points) for plain, gt, points in told],
        fee_asset=[assets.get(code or "", one.quote) for code, one in zip(codes, listed, strict=True)],
        order_id=[row.order_id for row in rows],
        tag=[tags.get(row.text) for row in rows],
    )


def _microseconds(texts: Sequence[str]) -> list[int] | None:
    if _TIMES.fullmatch("\n".join(texts) + "\n") is None:
        return None
    return [int(text[:_WHOLE] + text[_WHOLE + 1 : _WHOLE + 4]) for text in texts]
