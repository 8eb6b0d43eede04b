"""The past of a Gate account. Each movement of cash is stated by one endpoint, once.

* spot pairs: the fills, with their fees in any coin; lines of the spot account about orders state nothing.
* deposits and withdrawals: their own records; all transfers, conversions, rebates and paid out lending
  interest of the spot (or unified) account: its lines.
* contracts: positions by the fills and settlements, which state no cash; all cash by the account's lines.
* what is owed: the interest records, because interest is added to the debt when it is charged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from truenav.connect.cefi.gate.answers import (
    DELIVERY,
    EARN,
    FUTURES,
    MARGIN,
    SPOT,
    UNIFIED,
    contract_id,
    contract_terms,
    noted_wallet,
    settle_asset,
    settle_code,
    spot_id,
    tell,
)
from truenav.connect.cefi.gate.rows import (
    CREDITED,
    SENT,
    book_id,
    fill_id,
    interest_id,
    margin_line_at,
    milliseconds,
    seconds,
    settlement_id,
    spot_trade_at,
)
from truenav.connect.document import Node
from truenav.connect.reading import Reading, tag_of
from truenav.core.facts import CashFlow, CashKind, Settlement, Trade, Transfer, TransferKind
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ZERO, Amount

_MARGIN_LOAN = "margin"
"""The type of interest that an isolated margin account owes; all other is a unified account's."""
_ELSEWHERE = frozenset({"deposit", "withdraw", "new_order", "order_fill", "order_fee"})
"""Stated by the records of deposits and withdrawals and by the fills."""
_TRANSFERS: Mapping[str, str] = {
    "sub_account_transfer": "sub-account",
    "margin_in": MARGIN,
    "margin_out": MARGIN,
    "margin_funding_in": "lending",
    "margin_funding_out": "lending",
    "cross_margin_in": "cross margin",
    "cross_margin_out": "cross margin",
    "copy_trading_in": "copy trading",
    "copy_trading_out": "copy trading",
    "quant_in": "bots",
    "quant_out": "bots",
    "futures_in": FUTURES,
    "futures_out": FUTURES,
    "delivery_in": DELIVERY,
    "delivery_out": DELIVERY,
}
_UNREAD = frozenset({"lending", "cross margin", "copy trading", "bots"})
"""Other ends of transfers that are not read."""
_POOLED = "USDT"
"""Perpetuals in this coin are a part of a unified account; those in BTC and dated futures never are."""
_LENT = frozenset({"lend", "redeem"})
_CASH: Mapping[str, CashKind] = {
    "referral_fee": CashKind.REWARD,
    "profit": CashKind.REWARD,
    "flash_swap_buy": CashKind.REALISED,
    "flash_swap_sell": CashKind.REALISED,
}
"""Kinds of cash; a conversion is two lines, one for each coin."""
_CONTRACT_CASH: Mapping[str, CashKind] = {
    "pnl": CashKind.REALISED,
    "fee": CashKind.FEE,
    "settle_fee": CashKind.FEE,
    "insur": CashKind.FEE,
    "fund": CashKind.FUNDING,
    "refr": CashKind.REWARD,
    "set": CashKind.SETTLEMENT,
    "settle": CashKind.SETTLEMENT,
}
_PREMIUM = "prem"
"""What an option cost: its fill states it."""
_POINTS = frozenset({"point_dnw", "point_fee", "point_refr"})
"""Points of a contract account are vouchers for fees and no cash."""


# -- spot and margin ------------------------------------------------------------------------------


def spot_trade(reading: Reading, row: Node) -> None:
    """A fill of a pair; the wallet is the account that was asked for."""
    terms = reading.instrument(spot_id(row.text("currency_pair")), lost=True)
    if terms is None:
        return
    at, sign = spot_trade_at(row), _side(row)
    quantity, price = row.decimal("amount"), row.decimal("price")
    paid = row.decimal_or("deal", ZERO) or quantity * price
    body = Trade(
        wallet=_asked_account(reading, row),
        instrument=terms.id,
        quantity=sign * quantity,
        price=price,
        cost=Amount(-sign * paid, terms.quote),
        realised=None,
        fees=_spot_fees(reading, row, terms, at),
        order_id=row.text("order_id"),
        tag=_tag(row),
    )
    reading.state(f"spot:{fill_id(row)}", at, body)


def _asked_account(reading: Reading, row: Node) -> str:
    asked = dict(reading.evidence.request.params).get("account", "")
    if asked not in (SPOT, MARGIN, UNIFIED):
        raise row.wrong("it is not noted of which account these fills are")
    return asked


def _side(row: Node) -> int:
    side = row.text("side")
    if side not in ("buy", "sell"):
        raise row.wrong("side is neither buy nor sell")
    return 1 if side == "buy" else -1


def _tag(row: Node) -> str | None:
    """The strategy tag of a client's id, which the venue wants to begin with ``t-``."""
    text = row.text_or("text")
    return tag_of(text[2:]) if text.startswith("t-") else None


def _spot_fees(reading: Reading, row: Node, terms: Instrument, at: datetime) -> tuple[Amount, ...]:
    """The fee in its coin, in GT and in points, of which the venue takes one; a rebate is negative there.

    Where the fee's coin is not told it is what the trade received, or for a rebate what it gave.
    """
    fees = []
    if fee := row.decimal_or("fee", ZERO):
        code = row.text_or("fee_currency")
        received = terms.base if (_side(row) > 0) == (fee > 0) else terms.quote
        fees.append(Amount(-fee, reading.asset(code, at) if code else received))
    for name, code in (("gt_fee", "GT"), ("point_fee", "POINT")):
        if fee := row.decimal_or(name, ZERO):
            fees.append(Amount(-fee, reading.asset(code, at)))
    return tuple(fees)


def spot_line(reading: Reading, row: Node) -> None:
    """One change of one coin of the spot account, which is the unified account where there is one."""
    kind, wallet = row.text("type"), noted_wallet(reading)
    owed = kind == "interest" and wallet == UNIFIED
    if kind in _ELSEWHERE or owed:
        return
    at, external_id = milliseconds(row, "time"), f"spot-book:{row.text('id')}"
    change = row.decimal("change")
    if not change:
        return
    currency = row.text("currency")
    amount = Amount(change, reading.asset(currency, at))
    if kind in _TRANSFERS:
        other = _TRANSFERS[kind]
        inside = wallet == UNIFIED and other == FUTURES and currency == _POOLED
        if other in _UNREAD:
            _tell_unread(reading, other)
        if not inside:
            reading.state(external_id, at, Transfer(wallet, amount, TransferKind.INTERNAL, other))
    elif kind in _LENT:
        reading.state(external_id, at, Transfer(wallet, amount, TransferKind.INTERNAL, EARN))
        reading.state(f"{external_id}:earn", at, Transfer(EARN, -amount, TransferKind.INTERNAL, wallet))
    elif kind == "interest":
        reading.state(external_id, at, CashFlow(wallet, CashKind.INTEREST, amount))
    elif kind in _CASH:
        reading.state(external_id, at, CashFlow(wallet, _CASH[kind], amount))
    else:
        _tell_unknown(reading, kind, row.text_or("code"))


def _tell_unread(reading: Reading, other: str) -> None:
    message = f"Money moved between the spot account and {other}, which is not read."
    tell(reading, other, message, "Enter what lies there as a manual item.")


def _tell_unknown(reading: Reading, kind: str, code: str) -> None:
    name = f"{kind[:60]}, code {code[:20]}" if code else kind[:60]
    message = f"Lines of the kind {name!r} state nothing."
    mend = "The balance is right, the reason of its change is missing; report the kind so that it is read."
    tell(reading, f"{kind[:60]}:{code[:20]}", message, mend)


def margin_line(reading: Reading, row: Node) -> None:
    """What came into an isolated margin account or left it; fills and debts are stated elsewhere."""
    kind = row.text_or("type", "in")
    if kind in ("borrow", "repay", "new_order", "order_fill", "order_fee"):
        return
    if kind not in ("in", "out", "margin_in", "margin_out"):
        _tell_unknown(reading, kind, "")
        return
    at = margin_line_at(row)
    amount = Amount(row.decimal("change"), reading.asset(row.text("currency"), at))
    body = Transfer(MARGIN, amount, TransferKind.INTERNAL, SPOT)
    reading.state(f"margin-book:{row.text('id')}", at, body)


def margin_interest(reading: Reading, row: Node) -> None:
    """Interest that an isolated margin account was charged; it is added to what is owed."""
    _interest(reading, row, MARGIN)


def unified_interest(reading: Reading, row: Node) -> None:
    """The same of the unified account; what isolated margin owes has a list of its own."""
    if row.text_or("type") != _MARGIN_LOAN:
        _interest(reading, row, UNIFIED)


def _interest(reading: Reading, row: Node, wallet: str) -> None:
    if row.text_or("status", "1") != "1":
        return
    at = milliseconds(row, "create_time")
    amount = Amount(-row.decimal("interest"), reading.asset(row.text("currency"), at))
    if amount.number:
        reading.state(f"interest:{interest_id(row)}", at, CashFlow(wallet, CashKind.INTEREST, amount))


def lend_interest(reading: Reading, row: Node) -> None:
    """Interest that is lent again; what is paid out is a line of the spot account."""
    if row.text_or("interest_status") != "interest_reinvest" or row.text_or("status", "1") != "1":
        return
    at = milliseconds(row, "create_time")
    amount = Amount(row.decimal("interest"), reading.asset(row.text("currency"), at))
    reading.state(f"lend-interest:{interest_id(row)}", at, CashFlow(EARN, CashKind.REWARD, amount))


# -- contracts ------------------------------------------------------------------------------------


def contract_trade(reading: Reading, row: Node) -> None:
    """A fill of a contract: its position, and of an option the premium.

    All other cash of contracts is stated by the lines of the account.
    """
    terms = contract_terms(reading, row.text("contract"))
    if terms is None:
        return
    quantity, price = row.decimal("size"), row.decimal("price")
    option = terms.kind is InstrumentKind.OPTION
    body = Trade(
        wallet=noted_wallet(reading),
        instrument=terms.id,
        quantity=quantity,
        price=price,
        cost=Amount(-quantity * price * terms.multiplier, terms.settle) if option else None,
        realised=None,
        fees=(),
        order_id=row.text("order_id"),
        tag=_tag(row),
    )
    reading.state(f"{terms.code}:{fill_id(row)}", seconds(row, "create_time"), body)


def contract_line(reading: Reading, row: Node) -> None:
    """One change of a contract account's cash; with a unified account it is that account's cash."""
    kind, wallet = row.text("type"), noted_wallet(reading)
    at, currency = seconds(row, "time"), settle_asset(reading)
    amount, external_id = Amount(row.decimal("change"), currency), f"{settle_code(reading)}:{book_id(row)}"
    if kind in _POINTS or kind == _PREMIUM or not amount.number:
        return
    if kind == "dnw":
        if wallet != UNIFIED:
            reading.state(external_id, at, Transfer(wallet, amount, TransferKind.INTERNAL, SPOT))
    elif kind in _CONTRACT_CASH:
        reading.state(external_id, at, CashFlow(wallet, _CONTRACT_CASH[kind], amount, _about(row)))
    else:
        _tell_unknown(reading, kind, "")


def _about(row: Node) -> InstrumentId | None:
    """The contract that a line is about, by its own field or as its text begins."""
    code = row.text_or("contract") or row.text_or("text").partition(":")[0]
    return contract_id(code) if "_" in code else None


def settlement(reading: Reading, row: Node) -> None:
    """An expiry: the position that it closes. Its cash is a line of the account."""
    terms = contract_terms(reading, row.text("contract"))
    size = row.decimal("size")
    if terms is None or not size:
        return
    body = Settlement(
        noted_wallet(reading), terms.id, -size, row.decimal("settle_price"), Amount(ZERO, terms.settle)
    )
    reading.state(f"settlement:{settlement_id(row)}", seconds(row, "time"), body)


# -- deposits and withdrawals ---------------------------------------------------------------------


def deposit(reading: Reading, row: Node) -> None:
    """A deposit, once it is credited."""
    if row.text("status") in CREDITED:
        at = seconds(row, "timestamp")
        body = Transfer(
            wallet=noted_wallet(reading),
            amount=Amount(row.decimal("amount"), reading.asset(row.text("currency"), at)),
            kind=TransferKind.EXTERNAL,
            txid=row.text_or("txid"),
        )
        reading.state(f"deposit:{row.text('id')}", at, body)


def withdrawal(reading: Reading, row: Node) -> None:
    """A withdrawal at the instant at which it was asked for; the fee is a part of its amount."""
    if row.text("status") in SENT:
        at = seconds(row, "timestamp")
        asset, fee = reading.asset(row.text("currency"), at), row.decimal_or("fee", ZERO)
        body = Transfer(
            wallet=noted_wallet(reading),
            amount=Amount(fee - row.decimal("amount"), asset),
            kind=TransferKind.EXTERNAL,
            counterpart=row.text_or("address"),
            txid=row.text_or("txid"),
            fee=Amount(-fee, asset) if fee else None,
        )
        reading.state(f"withdrawal:{row.text('id')}", at, body)
