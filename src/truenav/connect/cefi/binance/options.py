"""Binance European options: terms, marks, what the options wallet holds, and its past.

A premium is cash at once: the balance (``marginBalance``) has it, and an open option is valued by its mark.
Fills state premium and fee, exercises what an expiry paid; the wallet's bills, which repeat both, state only
transfers and what is neither.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.client import BinanceClient
from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.cefi.binance.rows import by_sign, order_tag, order_unknown
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.cefi.binance.windows import History, read_history
from truenav.connect.contract import Cursor, ParseContext, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.gathering import Pages, Parts, Row, Step, alone, confirming
from truenav.connect.reading import TAGS, Reading, noted_tags, tags_note
from truenav.core.contracts import dated_name
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    CashFlow,
    CashKind,
    PositionLine,
    PositionSnapshot,
    Quote,
    QuoteKind,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight, instrument_id
from truenav.core.money import ZERO, Amount

WALLET = "options"
NAMESPACE = "binance-options"


def _endpoint(name: str, weight: int) -> Endpoint:
    return Endpoint(f"options.{name}/1", f"/eapi/v1/{name}", "options", weight=weight, host="options")


INFO, MARKS, INDEX = _endpoint("exchangeInfo", 1), _endpoint("mark", 5), _endpoint("index", 1)
ACCOUNT, POSITIONS = _endpoint("marginAccount", 3), _endpoint("position", 5)
OPEN_ORDERS, ORDER = _endpoint("openOrders", 40), _endpoint("order", 1)
TRADES, EXERCISES, BILLS = _endpoint("userTrades", 5), _endpoint("exerciseRecord", 5), _endpoint("bill", 1)
NO_ORDER = "-2013"
_SIDES = {"LONG": 1, "BUY": 1, "SHORT": -1, "SELL": -1}
_RIGHTS = {"CALL": OptionRight.CALL, "PUT": OptionRight.PUT}
_TOLD_ELSEWHERE = ("FEE", "CONTRACT", "EXERCISE", "SETTLEMENT", "DELIVERY")
"""Bills that repeat a fill or an exercise."""


def id_of(symbol: str) -> InstrumentId:
    """Id of an option."""
    return instrument_id(NAMESPACE, symbol)


# -- what is asked ----------------------------------------------------------------------------------


def prices(client: BinanceClient, listed: Pages | None, context: ParseContext) -> list[Step]:
    """Marks of all options, and an index for each underlying, where options of known assets are listed."""
    rows = [
        row
        for payload in (listed.payloads if listed is not None else ())
        for row in read_json(payload.body).field("optionSymbols").items()
        if id_of(row.text("symbol")) in context.instruments.instruments
    ]
    if not rows:
        return []
    pairs = sorted({row.text("underlying") for row in rows})
    return [alone(client, MARKS), *(alone(client, INDEX, {"underlying": pair}) for pair in pairs)]


def state(client: BinanceClient) -> list[Step]:
    """Balance and positions; a list without a position is believed where the balance shows none open."""
    account = asyncio.ensure_future(client.get(ACCOUNT))

    async def ask_account() -> Pages:
        return Pages((await account,))

    async def ask_positions() -> Pages:
        payload = await client.get(POSITIONS)
        if not any(row.decimal("quantity") for row in read_json(payload.body).items()):
            await _refuse_open(account)
        return Pages((payload,))

    return [(ACCOUNT.name, ask_account()), (POSITIONS.name, ask_positions())]


async def _refuse_open(account: asyncio.Future[Payload]) -> None:
    rows = read_json((await confirming(account, "binance: the options balance")).body).field("asset").items()
    if any(row.decimal_or(name, ZERO) for row in rows for name in ("unrealizedPNL", "maintMargin")):
        raise IncompletePagesError(
            "binance: no option is listed, but the balance shows open ones; the list is not taken."
        )


def past(asker: Asker) -> list[Step]:
    """Fills with the tags of their orders, exercises, and the wallet's bills."""
    cursor = asker.cursors.get(TRADES.name)
    return [
        (TRADES.name, _fills(asker, cursor)),
        asker.history(_EXERCISED),
        asker.history(_BILLED, currency="USDT"),
    ]


async def _fills(asker: Asker, cursor: Cursor | None) -> Parts:
    async for part in read_history(asker.client, _FILLED, cursor, asker.since):
        tags: dict[str, str | None] = {}
        looked_up: list[Payload] = []
        noted: list[Payload] = []
        for payload in part.payloads:
            orders = {row.text("orderId"): row.text("symbol") for row in read_json(payload.body).items()}
            for order, symbol in sorted(orders.items()):
                if order not in tags:
                    tags[order] = await _tag(asker.client, symbol, order, looked_up)
            note = tags_note((order, tags[order]) for order in orders)
            noted.append(await asker.client.api.note(payload, TAGS, note))
        yield replace(part, payloads=(*looked_up, *noted))


async def _tag(client: BinanceClient, symbol: str, order: str, looked_up: list[Payload]) -> str | None:
    """The tag of one order; of one that the venue does not know (a liquidation) there is none."""
    try:
        payload = await client.get(ORDER, {"symbol": symbol, "orderId": order})
    except VenueError as error:
        if error.context.get("code") != NO_ORDER:
            raise
        return None
    looked_up.append(payload)
    return order_tag(read_json(payload.body).text_or("clientOrderId"))


def _filled_row(node: Node) -> Row:
    return Row(node.instant("time"), node.text("id"))


def _dated_row(node: Node) -> Row:
    return Row(node.instant("createDate"), node.text("id"))


def _history(endpoint: Endpoint, *, fills: bool = False) -> History:
    row = _filled_row if fills else _dated_row
    return History(endpoint, row, rows="", page=1000, size="limit", turn="")


_FILLED, _EXERCISED, _BILLED = _history(TRADES, fills=True), _history(EXERCISES), _history(BILLS)


# -- what it states ---------------------------------------------------------------------------------


def info(reading: Reading, document: Node) -> None:
    """Terms of the options on known assets; ``exchangeInfo``."""
    pairs = {
        row.text("underlying"): (row.text("baseAsset"), row.text("quoteAsset"))
        for row in document.field("optionContracts").items()
    }
    for row in document.field("optionSymbols").items():
        symbol = row.text("symbol")
        base_code, quote_code = pairs.get(row.text("underlying")) or (symbol.partition("-")[0], "")
        base = reading.known_asset(base_code)
        settle = reading.known_asset(row.text_or("quoteAsset", quote_code))
        if base is None or settle is None:
            continue
        right = _RIGHTS.get(row.text("side"))
        if right is None:
            raise row.wrong("field 'side' is neither CALL nor PUT")
        reading.instruments.append(
            Instrument(
                id=id_of(symbol),
                venue=MANIFEST.name,
                code=symbol,
                kind=InstrumentKind.OPTION,
                base=base,
                quote=settle,
                settle=settle,
                multiplier=row.decimal("unit"),
                expiry_at=row.instant("expiryDate"),
                strike=row.decimal("strikePrice"),
                right=right,
            )
        )


def marks(reading: Reading, document: Node) -> None:
    """Marks, in the settle asset for one of base; of a worthless option zero. The venue tells no time."""
    for row in document.items():
        terms = reading.context.instruments.instruments.get(id_of(row.text("symbol")))
        if terms is not None and (mark := row.decimal("markPrice")) >= 0:
            reading.quote(
                terms.id, reading.evidence.answered_at, Quote(terms.id, terms.settle, QuoteKind.MARK, mark)
            )


def index(reading: Reading, document: Node) -> None:
    """The index of the underlying that was asked for."""
    asked = dict(reading.evidence.request.params).get("underlying", "")
    for name, terms in reading.context.instruments.instruments.items():
        base, option = terms.code.partition("-")[0], name.startswith(f"{NAMESPACE}:")
        if option and asked.startswith(base) and reading.known_asset(asked.removeprefix(base)) == terms.quote:
            price, at = document.decimal("indexPrice"), document.instant("time")
            reading.quote(id_of(asked), at, Quote(terms.base, terms.quote, QuoteKind.INDEX, price))
            return


def _terms(reading: Reading, symbol: str, *, lost: bool = True) -> Instrument | None:
    """Terms of an option; of an expired one, which is listed no more, from its name and its family."""
    known, dated = reading.terms(id_of(symbol)), dated_name(symbol)
    if known is None and dated is not None:
        listed = reading.context.instruments.instruments.items()
        family = (terms for name, terms in listed if name.startswith(id_of(f"{dated.family}-")))
        known = reading.expired(id_of(symbol), dated, family)
    return known or reading.instrument(id_of(symbol), lost=lost)


def account(reading: Reading, document: Node) -> None:
    """Cash, with premiums paid and received and without the value of open options."""
    lines = []
    for row in document.field("asset").items():
        if total := row.decimal("marginBalance"):
            asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
            lines.append(BalanceLine(asset, total))
    cash = tuple(sorted(lines, key=lambda line: line.asset))
    reading.snapshot(WALLET, BalanceSnapshot(WALLET, cash))


def positions(reading: Reading, document: Node) -> None:
    """Open options; a short one is negative however the venue signs it."""
    lines = []
    for row in document.items():
        if size := abs(row.decimal("quantity")):
            symbol = row.text("symbol")
            _terms(reading, symbol, lost=False)
            lines.append(PositionLine(id_of(symbol), _sign(row, "side") * size, row.decimal("entryPrice")))
    ordered = tuple(sorted(lines, key=lambda line: (line.instrument, line.quantity)))
    reading.snapshot(WALLET, PositionSnapshot(WALLET, ordered))


def _sign(row: Node, name: str) -> int:
    side = row.text(name)
    if side not in _SIDES:
        raise row.wrong(f"field {name!r} is {side[:20]!r}, which is no side")
    return _SIDES[side]


def trades(reading: Reading, document: Node) -> None:
    """Fills: the premium and the fee, which is positive where it is paid."""
    tags = noted_tags(reading.evidence)
    for row in document.items():
        terms, order = _terms(reading, row.text("symbol")), row.text("orderId")
        if terms is None or order_unknown(reading, tags, order):
            continue
        quantity, price = _sign(row, "side") * abs(row.decimal("quantity")), row.decimal("price")
        fee = row.decimal_or("fee", ZERO)
        body = Trade(
            wallet=WALLET,
            instrument=terms.id,
            quantity=quantity,
            price=price,
            cost=Amount(-quantity * price * terms.multiplier, terms.settle),
            realised=None,
            fees=(Amount(-fee, terms.settle),) if fee else (),
            order_id=order,
            tag=(tags or {}).get(order),
        )
        reading.state(f"{terms.id}:{row.text('id')}", row.instant("time"), body)


def exercises(reading: Reading, document: Node) -> None:
    """Expiries: a long option is paid, a short one pays; ``markPrice`` is the final price."""
    for row in document.items():
        terms = _terms(reading, row.text("symbol"))
        if terms is None:
            continue
        at, sign = row.instant("createDate"), _sign(row, "positionSide")
        asset = reading.asset(row.text_or("currency") or row.text("quoteAsset"), at)
        cash = Amount(sign * abs(row.decimal("amount")), asset)
        size, name = abs(row.decimal("quantity")), f"exercise:{row.text('id')}"
        body = Settlement(WALLET, terms.id, -sign * size, row.decimal("markPrice"), cash)
        reading.state(name, at, body)
        if fee := row.decimal_or("fee", ZERO):
            flow = CashFlow(WALLET, CashKind.FEE, Amount(-fee, asset), terms.id)
            reading.state(f"{name}:fee", at, flow)


def bills(reading: Reading, document: Node) -> None:
    """Transfers, and cash of a kind that no other history tells."""
    for row in document.items():
        kind = row.text("type")
        if kind in _TOLD_ELSEWHERE:
            continue
        at, number = row.instant("createDate"), row.decimal("amount")
        amount, name = Amount(number, reading.asset(row.text("asset"), at)), f"option-bill:{row.text('id')}"
        if "TRANSFER" in kind:
            reading.state(name, at, Transfer(WALLET, amount, TransferKind.INTERNAL))
        else:
            reading.state(name, at, CashFlow(WALLET, by_sign(reading, kind, number), amount))
