"""Gate's fills of pairs, column by column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from truenav.connect.cefi.gate.answers import MARGIN, SPOT, UNIFIED, VENUE, spot_id
from truenav.connect.contract import ParseContext
from truenav.connect.fills import (
    Fills,
    Keys,
    decoded,
    keys_of_first,
    keys_stand_once,
    known_assets,
    negated,
    plain_numbers,
    row_type,
    signed,
)
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence
from truenav.core.trades import MICROSECOND

_SIDES = {"buy", "sell"}
_TIMES = re.compile(r"(?:[0-9]{13}\.[0-9]{3,12}\n)+")
"""Milliseconds with their fraction, as the venue writes them from 2001 to 2286."""
_TO_MICROSECONDS = len("1767225600000.000")


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


@lru_cache(maxsize=64)
def _decoder(keys: Keys) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[row_type(_Row, keys)])  # type: ignore[misc]


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs of a noted account, each with one fee; None where the careful parser must look."""
    wallet = dict(evidence.request.params).get("account", "")
    keys = keys_of_first(body, b"[")
    rows: list[_Row] | None = decoded(_decoder(keys), body) if keys else None
    if not rows or wallet not in (SPOT, MARGIN, UNIFIED) or not keys_stand_once(body, len(keys) * len(rows)):
        return None
    sides = [row.side for row in rows]
    if set(sides) - _SIDES:
        return None
    known, pairs = context.instruments.instruments, [row.currency_pair for row in rows]
    terms = {name: known.get(spot_id(name)) for name in set(pairs)}
    listed = [one for name in pairs if (one := terms[name]) is not None]
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
    if any((plain and gt) or (plain and points) or (gt and points) for plain, gt, points in told):
        return None
    codes = [
        row.fee_currency if plain else "GT" if gt else "POINT" if points else None
        for row, (plain, gt, points) in zip(rows, told, strict=True)
    ]
    assets = known_assets(context, VENUE, {code for code in codes if code is not None}, [max(at) // 1000])
    if assets is None:
        return None
    bought, sold = [side == "buy" for side in sides], [side == "sell" for side in sides]
    paid = [one or number * each for one, number, each in zip(deal, size, price, strict=True)]
    tags = {text: tag_of(text[2:]) for text in {row.text for row in rows} if text.startswith("t-")}
    return Fills(
        wallet=wallet,
        id=[f"spot:{row.id}:{row.order_id}" for row in rows],
        at=at,
        step=MICROSECOND,
        terms=listed,
        quantity=signed(size, bought),
        price=price,
        cost=signed(paid, sold),
        realised=[None] * len(rows),
        fee=negated([plain or gt or points for plain, gt, points in told]),
        fee_asset=[None if code is None else assets[code] for code in codes],
        order_id=[row.order_id for row in rows],
        tag=[tags.get(row.text) for row in rows],
    )


def _microseconds(texts: Sequence[str]) -> list[int] | None:
    if _TIMES.fullmatch("\n".join(texts) + "\n") is None:
        return None
    return [int(text[:_TO_MICROSECONDS].replace(".", "")) for text in texts]
