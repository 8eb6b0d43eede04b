"""Bitget payloads as facts. Pure: evidence, bytes and context in, facts out.

The market and the state of an account are read here, its past in ``ledger``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.bitget import ledger
from truenav.connect.cefi.bitget.answers import (
    CROSS,
    EARN,
    FUNDING,
    ISOLATED,
    PRODUCTS,
    SPOT,
    VENUE,
    answered,
    contract_id,
    listed,
    open_profit,
    rows_parser,
    spot_id,
    tell,
)
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionLine, PositionSnapshot, Quote, QuoteKind
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO, AssetId, exact

# -- market ---------------------------------------------------------------------------------------


def _pair(reading: Reading, row: Node) -> None:
    base, quote = (reading.known_asset(row.text(name)) for name in ("baseCoin", "quoteCoin"))
    if base is not None and quote is not None:
        code = row.text("symbol")
        reading.instruments.append(
            Instrument(spot_id(code), VENUE, code, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)
        )


def _contract(reading: Reading, row: Node) -> None:
    """Terms of a contract of one unit of base.

    COIN-M is counted in units of base, too: its profit in dollars, ``q * (price - entry)``, is paid in coins
    at the price of the moment. So a position is worth dollars, and what its fills realise are coins.
    """
    margin_codes = [str(one.value) for one in row.field("supportMarginCoins").items()]
    base_code, quote_code = row.text("baseCoin"), row.text("quoteCoin")
    in_quote = base_code in margin_codes or quote_code in margin_codes or not margin_codes
    codes = (base_code, quote_code, quote_code if in_quote else margin_codes[0])
    base, quote, settle = (reading.known_asset(code) for code in codes)
    if base is None or quote is None or settle is None:
        return
    code, kind = row.text("symbol"), row.text("symbolType")
    if kind not in ("perpetual", "delivery"):
        raise row.wrong("symbolType is neither perpetual nor delivery")
    dated = kind == "delivery"
    reading.instruments.append(
        Instrument(
            id=contract_id(code),
            venue=VENUE,
            code=code,
            kind=InstrumentKind.FUTURE if dated else InstrumentKind.PERPETUAL,
            base=base,
            quote=quote,
            settle=settle,
            multiplier=ONE,
            expiry_at=row.instant("deliveryTime") if dated else None,
        )
    )


def _last_price(reading: Reading, row: Node, name: str) -> None:
    terms = _known(reading, spot_id(row.text(name)))
    price = row.decimal_or("lastPr", ZERO)
    if terms is not None and price > 0:
        volume = row.decimal_or("baseVolume", ZERO)
        reading.quote(
            terms.id, row.instant("ts"), Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume)
        )


def _marks(reading: Reading, row: Node, name: str) -> None:
    """Mark of a contract, and the index that it follows."""
    terms = _known(reading, contract_id(row.text(name)))
    if terms is None:
        return
    at = row.instant("ts")
    if (mark := row.decimal_or("markPrice", ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, mark))
    if (index := row.decimal_or("indexPrice", ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, index))


def _known(reading: Reading, name: InstrumentId) -> Instrument | None:
    return reading.context.instruments.instruments.get(name)


def _spot_ticker(reading: Reading, row: Node) -> None:
    _last_price(reading, row, "symbol")


def _contract_ticker(reading: Reading, row: Node) -> None:
    _marks(reading, row, "symbol")


_UNKNOWN_TOPIC = "30001"
"""The refusal of a market that is listed no more; the other topics stand."""


def _stream(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """One message of the ticker channel; what is said about subscriptions states nothing."""
    reading = Reading(evidence, context)
    message = read_json(body)
    event = message.text_or("event")
    if event == "error" and message.text_or("code") != _UNKNOWN_TOPIC:
        raise message.wrong(f"the venue refuses the subscription ({message.text_or('msg')[:100]})")
    if event:
        return reading.done()
    topic = message.field("arg")
    if topic.text("channel") != "ticker":
        raise message.wrong("it is of a channel that nobody subscribed to")
    read = _last_price if topic.text("instType") == "SPOT" else _marks
    with exact():
        for row in listed(message.field("data")):
            read(reading, row, "instId")
    return reading.done()


# -- state of an account --------------------------------------------------------------------------


class _Held:
    """Adds up what the rows of one wallet hold of each asset, and states it."""

    def __init__(self, reading: Reading, wallet: str) -> None:
        self.reading = reading
        self.wallet = wallet
        self.totals: dict[AssetId, tuple[Decimal, Decimal]] = {}

    def add(self, code: str, total: Decimal, locked: Decimal = ZERO) -> None:
        """Count an amount of what the venue calls ``code``; Bitget writes codes in either case."""
        if total or locked:
            asset = self.reading.asset(code.upper(), self.reading.evidence.answered_at)
            had, had_locked = self.totals.get(asset, (ZERO, ZERO))
            self.totals[asset] = (had + total, had_locked + locked)

    def done(self) -> Parsed:
        """The wallet's balances."""
        lines = (BalanceLine(asset, *self.totals[asset]) for asset in sorted(self.totals))
        kept = tuple(line for line in lines if line.total or line.locked)
        self.reading.snapshot(self.wallet, BalanceSnapshot(self.wallet, kept))
        return self.reading.done()


def _spot_assets(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Available, in orders, and locked; what copy trading restricts is told, not counted."""
    held = _Held(Reading(evidence, context), SPOT)
    with exact():
        for row in listed(answered(read_json(body))):
            locked = row.decimal_or("frozen", ZERO) + row.decimal_or("locked", ZERO)
            held.add(row.text("coin"), row.decimal_or("available", ZERO) + locked, locked)
            if row.decimal_or("limitAvailable", ZERO):
                coin = row.text("coin")[:60]
                tell(
                    held.reading,
                    f"{VENUE}:{coin}",
                    f"A part of the {coin} in the spot wallet is restricted by copy trading.",
                    "It is not counted; enter it as a manual item if it is the fund's.",
                )
        return held.done()


def _funding_assets(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    held = _Held(Reading(evidence, context), FUNDING)
    with exact():
        for row in listed(answered(read_json(body))):
            frozen = row.decimal_or("frozen", ZERO)
            held.add(row.text("coin"), row.decimal_or("available", ZERO) + frozen, frozen)
        return held.done()


def _earn_assets(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    held = _Held(Reading(evidence, context), EARN)
    with exact():
        for row in listed(answered(read_json(body))):
            held.add(row.text("coin"), row.decimal_or("amount", ZERO))
        return held.done()


def _margin_assets(wallet: str) -> Parser:
    """What a margin wallet holds less what it owes, with interest; of isolated margin all pairs together."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        held = _Held(Reading(evidence, context), wallet)
        with exact():
            for row in listed(answered(read_json(body))):
                owed = row.decimal_or("borrow", ZERO) + row.decimal_or("interest", ZERO)
                total = row.decimal("totalAmount") - owed
                held.add(row.text("coin"), total, row.decimal_or("frozen", ZERO))
                _tell_bonus(held.reading, row, row.text("coin"))
            return held.done()

    return parse


def _tell_bonus(reading: Reading, row: Node, coin: str) -> None:
    if row.decimal_or("coupon", ZERO):
        tell(
            reading,
            f"{VENUE}:{coin[:60]}",
            f"There is a bonus in {coin[:60]}: it backs trades, but never leaves.",
            "What the venue's own equity counts of it is counted; enter a payable to leave it out.",
        )


def _accounts(wallet: str) -> Parser:
    """Cash of one futures product: equity without open profit; in multi-assets mode each coin's balance."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        held = _Held(Reading(evidence, context), wallet)
        with exact():
            for row in listed(answered(read_json(body))):
                coin = row.text("marginCoin")
                _tell_bonus(held.reading, row, coin)
                if row.text_or("assetMode") == "union":
                    _add_union(held, row)
                else:
                    held.add(coin, row.decimal_or("accountEquity", ZERO) - open_profit(row))
            return held.done()

    return parse


def _add_union(held: _Held, row: Node) -> None:
    assets = listed(row.maybe("assetList"))
    if not assets and row.decimal_or("accountEquity", ZERO):
        raise row.wrong("the account is worth something, but its assetList is empty")
    for one in assets:
        held.add(one.text("coin"), one.decimal("balance"))


def _positions(wallet: str) -> Parser:
    """Open positions of one futures product; in hedge mode a contract stands twice, long and short."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        lines = []
        with exact():
            for row in listed(answered(read_json(body))):
                if size := row.decimal_or("total", ZERO):
                    name = contract_id(row.text("symbol").upper())
                    reading.instrument(name, lost=False)
                    quantity = abs(size) if _is_long(row) else -abs(size)
                    lines.append(PositionLine(name, quantity, row.decimal("openPriceAvg")))
        lines.sort(key=lambda line: (line.instrument, line.quantity))
        reading.snapshot(wallet, PositionSnapshot(wallet, tuple(lines)))
        return reading.done()

    return parse


def _is_long(row: Node) -> bool:
    side = row.text("holdSide")
    if side not in ("long", "short"):
        raise row.wrong("holdSide is neither long nor short")
    return side == "long"


def _nothing(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Kept as evidence; it states no facts of its own."""
    del evidence, context
    answered(read_json(body))
    return Parsed()


def _of_product(wallet: str) -> Mapping[str, Parser]:
    return {
        f"{wallet}.contracts/1": rows_parser("", _contract),
        f"{wallet}.tickers/1": rows_parser("", _contract_ticker),
        f"{wallet}.accounts/1": _accounts(wallet),
        f"{wallet}.positions/1": _positions(wallet),
        f"{wallet}.orders/1": _nothing,
        f"{wallet}.tiers/1": _nothing,
        f"{wallet}.fills/1": rows_parser("fillList", ledger.contract_fill(wallet)),
        f"{wallet}.bills/1": rows_parser("bills", ledger.contract_bill(wallet)),
    }


def _of_margin(wallet: str) -> Mapping[str, Parser]:
    return {
        f"{wallet}.assets/1": _margin_assets(wallet),
        f"{wallet}.fills/1": rows_parser("fills", ledger.pair_fill(wallet)),
        f"{wallet}.ledger/1": rows_parser("resultList", ledger.margin_line(wallet)),
        f"{wallet}.interest/1": rows_parser("resultList", ledger.margin_interest(wallet)),
    }


PARSERS: Mapping[str, Parser] = {
    "time/1": _nothing,
    "key/1": _nothing,
    "overview/1": _nothing,
    "symbols/1": rows_parser("", _pair),
    "spot.tickers/1": rows_parser("", _spot_ticker),
    "stream/1": _stream,
    PRIVATE: private_news,
    "spot.assets/1": _spot_assets,
    "spot.orders/1": _nothing,
    "spot.fills/1": in_bulk(
        "truenav.connect.cefi.bitget.fills:fills", rows_parser("", ledger.pair_fill(SPOT))
    ),
    "spot.bills/1": rows_parser("", ledger.spot_bill),
    "deposits/1": rows_parser("", ledger.deposit),
    "withdrawals/1": rows_parser("", ledger.withdrawal),
    "funding.assets/1": _funding_assets,
    "funding.bills/1": rows_parser("", ledger.funding_bill),
    "earn.assets/1": _earn_assets,
    **{name: parser for one in PRODUCTS for name, parser in _of_product(one.wallet).items()},
    **{name: parser for wallet in (CROSS, ISOLATED) for name, parser in _of_margin(wallet).items()},
}
