"""The past of a Bybit account. Each movement of cash is stated by one endpoint, once.

* unified: spot trades by the executions; everything else by the transaction log, whose ``change`` is
  ``cashFlow + funding - fee``; options that expired worthless, which move no cash, by the delivery records.
* funding: deposits, withdrawals and transfers by their own records; what earn products take, give back and
  pay by the funding account's history.
* earn: the other side of what the unified and funding account state, and yield that stays in the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.bybit.answers import (
    EARN,
    FUNDING,
    SPOT,
    UNIFIED,
    answers,
    contract_id,
    contract_terms,
    listed,
    spot_id,
)
from truenav.connect.cefi.bybit.rows import (
    DONE_DEPOSIT,
    DONE_INTERNAL_DEPOSIT,
    DONE_TRANSFER,
    DONE_WITHDRAWAL,
    OWNER,
    delivery_id,
    deposit_at,
    deposit_id,
    fund_id,
    seconds,
)
from truenav.connect.contract import ParseContext, Parsed, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading, tag_of
from truenav.core.evidence import Evidence
from truenav.core.facts import CashFlow, CashKind, Settlement, Trade, Transfer, TransferKind
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight
from truenav.core.money import ZERO, Amount, exact

_FUND = "FUND"
_TRADES = frozenset({"TRADE", "LIQUIDATION", "ADL"})
_SETTLEMENT, _DELIVERY = "SETTLEMENT", "DELIVERY"
_BORROWED = frozenset({"MANUAL_LOANS_BORROW", "MANUAL_LOANS_REPAY", "AUTO_LOANS_BORROW", "AUTO_LOANS_REPAY"})
"""Money and debt come and go together, and the balance is counted without what is owed."""
_TRANSFERS = frozenset(
    {
        "TRANSFER_IN",
        "TRANSFER_OUT",
        "BONUS_TRANSFER_IN",
        "BONUS_TRANSFER_OUT",
        "CUSTODY_LOCK",
        "CUSTODY_UNLOCK",
        "CUSTODY_UNLOCK_REFUND",
    }
)
_STAKES = ("FLEXIBLE_STAKING_", "FIXED_STAKING_", "ONCHAINEARN_")
_PRODUCTS = ("_SUBSCRIPTION", "_REDEMPTION", "_REFUND")
"""What goes into other products and comes back; what lies in them is not read."""
_LOANS = ("_INS_LOAN", "INSTITUTION_LOAN_", "INSTITUTION_PAYBACK_", "INSTITUTION_LIQ_", "LOANS_")
_CASH: Mapping[str, CashKind] = {
    "INTEREST": CashKind.INTEREST,
    "FEE_REFUND": CashKind.FEE,
    "SPREAD_FEE_OUT": CashKind.FEE,
    "CUSTODY_NETWORK_FEE": CashKind.FEE,
    "CUSTODY_SETTLE_FEE": CashKind.FEE,
    "BONUS": CashKind.REWARD,
    "BONUS_RECOLLECT": CashKind.REWARD,
    "AIRDROP": CashKind.REWARD,
    "PEF_PROFIT_SHARE": CashKind.FEE,
    "CURRENCY_BUY": CashKind.REALISED,
    "CURRENCY_SELL": CashKind.REALISED,
    "SPOT_REPAYMENT_BUY": CashKind.REALISED,
    "SPOT_REPAYMENT_SELL": CashKind.REALISED,
    "AUTO_SOLD_COLLATERAL_INS_LOAN": CashKind.REALISED,
    "AUTO_BUY_LIABILITY_INS_LOAN": CashKind.REALISED,
    "INSTITUTION_EXCHANGE_BUY": CashKind.REALISED,
    "INSTITUTION_EXCHANGE_SELL": CashKind.REALISED,
    "AUTO_DEDUCTION": CashKind.REALISED,
}
"""Kinds of cash; a conversion is two lines, one for each coin."""


# -- spot trades ----------------------------------------------------------------------------------


def executions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Fills of spot.

    Those of contracts, their funding and expiries are stated by the transaction log, which alone tells the
    profit that they realised.
    """
    reading = Reading(evidence, context)
    with exact():
        for result in answers(body):
            if result.text("category") == SPOT:
                for row in listed(result, "list"):
                    _spot_trade(reading, row)
    return reading.done()


def _spot_trade(reading: Reading, row: Node) -> None:
    terms = reading.instrument(spot_id(row.text("symbol")), lost=True)
    if terms is None:
        return
    at, sign = row.instant("execTime"), _sign(row)
    body = Trade(
        wallet=UNIFIED,
        instrument=terms.id,
        quantity=sign * row.decimal("execQty"),
        price=row.decimal("execPrice"),
        cost=Amount(-sign * row.decimal("execValue"), terms.quote),
        realised=None,
        fees=_spot_fees(reading, row, terms, at),
        order_id=row.text("orderId"),
        tag=tag_of(row.text_or("orderLinkId")),
    )
    reading.state(f"exec:{row.text('execId')}", at, body)


def _sign(row: Node) -> int:
    side = row.text("side")
    if side not in ("Buy", "Sell"):
        raise row.wrong("side is neither Buy nor Sell")
    return 1 if side == "Buy" else -1


def _spot_fees(reading: Reading, row: Node, terms: Instrument, at: datetime) -> tuple[Amount, ...]:
    """The fee and the taxes on it, each in its own coin.

    Where the fee's coin is not told it is what the trade received, or for a rebate what it gave.
    """
    fees = []
    if fee := row.decimal_or("execFee", ZERO):
        code = row.text_or("feeCurrency")
        received = terms.base if (_sign(row) > 0) == (fee > 0) else terms.quote
        fees.append(Amount(-fee, reading.asset(code, at) if code else received))
    for tax in _extra_fees(row):
        if number := tax.decimal_or("fee", ZERO):
            fees.append(Amount(-number, reading.asset(tax.text("feeCoin"), at)))
    return tuple(fees)


def _extra_fees(row: Node) -> list[Node]:
    """Taxes of some countries, a list or the text of one."""
    extra = row.maybe("extraFees")
    if extra is None or extra.value in ("", "[]"):
        return []
    found = read_json(extra.value.encode()) if isinstance(extra.value, str) else extra
    return list(found.items()) if isinstance(found.value, list) else [found]


# -- the transaction log of the unified account ---------------------------------------------------


def log_row(reading: Reading, row: Node) -> None:
    """One change of one balance; of a spot trade it states nothing, its execution does."""
    kind, name = row.text("type"), row.text_or("symbol")
    if kind in _BORROWED or (kind in _TRADES and row.text_or("category") == SPOT):
        return
    if kind in _TRADES and row.text_or("tradeId") and name:
        _contract_trade(reading, row, name)
    elif kind == _DELIVERY and name:
        _expiry(reading, row, name)
    elif kind == _SETTLEMENT:
        _flows(reading, row, name, CashKind.REALISED)
    else:
        _other(reading, row, kind, name)


def _contract_trade(reading: Reading, row: Node, name: str) -> None:
    """A fill of a contract: what it realised, or an option's premium, and all that was taken beside it.

    A fee that is paid in another coin than the contract settles in has a line of its own.
    """
    terms = contract_terms(reading, name)
    if terms is None:
        return
    at, currency = row.instant("transactionTime"), reading.asset(row.text("currency"), _at(row))
    if currency != terms.settle:
        _flows(reading, row, name, CashKind.FEE)
        return
    moved, fee = Amount(_moved(row), currency), _taken(row)
    option = terms.kind is InstrumentKind.OPTION
    body = Trade(
        wallet=UNIFIED,
        instrument=terms.id,
        quantity=_sign(row) * abs(row.decimal("qty")),
        price=row.decimal("tradePrice"),
        cost=moved if option else None,
        realised=None if option else moved,
        fees=(Amount(fee, currency),) if fee else (),
        order_id=row.text("orderId"),
        tag=tag_of(row.text_or("orderLinkId")),
    )
    reading.state(f"exec:{row.text('tradeId')}", at, body)


def _at(row: Node) -> datetime:
    return row.instant("transactionTime")


def _moved(row: Node) -> Decimal:
    """``cashFlow`` with the funding that a trade may settle."""
    return row.decimal_or("cashFlow", ZERO) + row.decimal_or("funding", ZERO)


def _taken(row: Node) -> Decimal:
    """Fees and taxes as the balance felt them: what ``change`` has beyond cash flow and funding."""
    return row.decimal("change") - _moved(row)


def _expiry(reading: Reading, row: Node, name: str) -> None:
    """An expiry with its cash; an option's without is left to the delivery records."""
    terms = contract_terms(reading, name)
    if terms is None:
        return
    at, cash = _at(row), _moved(row)
    currency = reading.asset(row.text("currency"), at)
    if cash or terms.kind is not InstrumentKind.OPTION:
        size = abs(row.decimal("qty"))
        # The side is that of the fill which closes; without one, cash that came tells a long option.
        long = row.text_or("side") == "Sell" if row.text_or("side") in ("Buy", "Sell") else cash > 0
        quantity = -size if long else size
        body = Settlement(
            UNIFIED, terms.id, quantity, row.decimal_or("tradePrice", ZERO), Amount(cash, currency)
        )
        reading.state(f"log:{row.text('id')}", at, body)
    if fee := _taken(row):
        flow = CashFlow(UNIFIED, CashKind.FEE, Amount(fee, currency), terms.id)
        reading.state(f"log:{row.text('id')}:fee", at, flow)


def _flows(reading: Reading, row: Node, name: str, kind: CashKind) -> None:
    """Funding, cash (a session's profit of contracts in USDC) and fee of one line, each by itself."""
    at = _at(row)
    currency = reading.asset(row.text("currency"), at)
    instrument = contract_id(name) if name else None
    funding = row.decimal_or("funding", ZERO)
    parts = (
        (":funding", CashKind.FUNDING, funding),
        ("", kind, _moved(row) - funding),
        (":fee", CashKind.FEE, _taken(row)),
    )
    for suffix, what, number in parts:
        if number:
            flow = CashFlow(UNIFIED, what, Amount(number, currency), instrument)
            reading.state(f"log:{row.text('id')}{suffix}", at, flow)


def _other(reading: Reading, row: Node, kind: str, name: str) -> None:
    at, change = _at(row), row.decimal("change")
    if not change:
        return
    amount, external_id = Amount(change, reading.asset(row.text("currency"), at)), f"log:{row.text('id')}"
    if kind in _TRANSFERS:
        reading.state(external_id, at, Transfer(UNIFIED, amount, TransferKind.INTERNAL))
    elif kind.startswith(_STAKES):
        _staked(reading, UNIFIED, external_id, amount, at)
    elif kind not in _CASH and kind.endswith(_PRODUCTS):
        _tell_product(reading, kind)
        reading.state(external_id, at, Transfer(UNIFIED, amount, TransferKind.INTERNAL, kind.lower()))
    elif kind not in _CASH and any(part in kind for part in _LOANS):
        _tell_loan(reading, kind)
        reading.state(external_id, at, Transfer(UNIFIED, amount, TransferKind.EXTERNAL, "loan"))
    else:
        cash = _CASH.get(kind) or _by_sign(reading, kind, change)
        instrument = contract_id(name) if name and row.text_or("category") != SPOT else None
        reading.state(external_id, at, CashFlow(UNIFIED, cash, amount, instrument))


def _staked(reading: Reading, wallet: str, external_id: str, amount: Amount, at: datetime) -> None:
    """What goes into an earn product or comes out of it, from both sides."""
    reading.state(external_id, at, Transfer(wallet, amount, TransferKind.INTERNAL, EARN))
    reading.state(f"{external_id}:earn", at, Transfer(EARN, -amount, TransferKind.INTERNAL, wallet))


def _tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    problem = Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=subject)
    reading.problems.setdefault((subject, message), problem)


def _tell_product(reading: Reading, kind: str) -> None:
    message = f"Money moved between the unified account and a product that is not read ({kind[:60]})."
    _tell(reading, kind, message, "Enter what lies in the product as a manual item.")


def _tell_loan(reading: Reading, kind: str) -> None:
    message = f"Money of a loan ({kind[:60]}) moved; what is owed for it stands outside of the account."
    _tell(reading, kind, message, "Enter the loan as a payable, so that it is taken off the assets.")


def _by_sign(reading: Reading, kind: str, number: Decimal) -> CashKind:
    """Cash of a kind that is not documented: taken, by its sign, and told."""
    message = f"A line of the unknown type {kind[:60]!r} is taken as a fee where negative, else as a reward."
    mend = "Nothing is missing from the balance; report the type so that it gets its own kind."
    _tell(reading, kind, message, mend)
    return CashKind.FEE if number < 0 else CashKind.REWARD


def delivery(reading: Reading, row: Node) -> None:
    """An option that expired worthless; one that paid is in the transaction log."""
    terms = contract_terms(reading, row.text("symbol"))
    if terms is None or terms.kind is not InstrumentKind.OPTION or terms.strike is None:
        return
    price = row.decimal("deliveryPrice")
    call = terms.right is OptionRight.CALL
    size = row.decimal("position")
    if size and (price <= terms.strike if call else price >= terms.strike):
        body = Settlement(UNIFIED, terms.id, _sign(row) * abs(size), price, Amount(ZERO, terms.settle))
        reading.state(f"delivery:{delivery_id(row)}", row.instant("deliveryTime"), body)


# -- the funding account and earn products --------------------------------------------------------


def deposit(reading: Reading, row: Node) -> None:
    """A deposit from a chain, once it is credited."""
    if row.text("status") not in DONE_DEPOSIT:
        return
    at = deposit_at(row)
    asset, fee = reading.asset(row.text("coin"), at), row.decimal_or("depositFee", ZERO)
    body = Transfer(
        wallet=FUNDING,
        amount=Amount(row.decimal("amount"), asset),
        kind=TransferKind.EXTERNAL,
        counterpart=row.text_or("fromAddress"),
        txid=row.text_or("txID"),
        fee=Amount(-fee, asset) if fee else None,
    )
    reading.state(f"deposit:{deposit_id(row)}", at, body)


def internal_deposit(reading: Reading, row: Node) -> None:
    """A deposit that came from another Bybit account without a chain."""
    if row.text("status") != DONE_INTERNAL_DEPOSIT:
        return
    at = seconds(row, "createdTime")
    amount = Amount(row.decimal("amount"), reading.asset(row.text("coin"), at))
    sender = row.text_or("fromMemberId") or row.text_or("address")
    body = Transfer(FUNDING, amount, TransferKind.EXTERNAL, sender, row.text_or("txID"))
    reading.state(f"internal-deposit:{row.text('id')}", at, body)


def withdrawal(reading: Reading, row: Node) -> None:
    """A withdrawal, on a chain or to another Bybit account, at the instant at which it was asked for."""
    if row.text("status") != DONE_WITHDRAWAL:
        return
    at = row.instant("createTime")
    asset = reading.asset(row.text("coin"), at)
    fee = row.decimal_or("withdrawFee", ZERO) + row.decimal_or("tax", ZERO)
    body = Transfer(
        wallet=FUNDING,
        amount=Amount(-row.decimal("amount"), asset),
        kind=TransferKind.EXTERNAL,
        counterpart=row.text_or("toAddress"),
        txid=row.text_or("txID"),
        fee=Amount(-fee, asset) if fee else None,
    )
    reading.state(f"withdrawal:{row.text('withdrawId')}", at, body)


def transfer(reading: Reading, row: Node) -> None:
    """The funding account's side of a transfer within the account; the other is in the transaction log."""
    source, target = row.text("fromAccountType"), row.text("toAccountType")
    _fund_side(reading, row, (source == _FUND, target.lower()), (target == _FUND, source.lower()))


def universal_transfer(reading: Reading, row: Node) -> None:
    """The same between accounts of one owner; whose side is ours is noted in the evidence."""
    owner = next((value for name, value in reading.evidence.request.params if name == OWNER), "")
    if not owner:
        raise row.wrong("it is not noted whose transfers these are")
    givers, takers = row.text("fromMemberId"), row.text("toMemberId")
    source, target = row.text("fromAccountType"), row.text("toAccountType")
    to = target.lower() if takers == owner else f"{takers}:{target.lower()}"
    came = source.lower() if givers == owner else f"{givers}:{source.lower()}"
    gives, takes = source == _FUND and givers == owner, target == _FUND and takers == owner
    _fund_side(reading, row, (gives, to), (takes, came))


def _fund_side(reading: Reading, row: Node, out: tuple[bool, str], into: tuple[bool, str]) -> None:
    """State a transfer out of and into the funding account; each is whether it is one, and the other end."""
    if row.text("status") != DONE_TRANSFER:
        return
    at = row.instant("timestamp")
    amount = Amount(row.decimal("amount"), reading.asset(row.text("coin"), at))
    for (ours, other), moved, suffix in ((out, -amount, "out"), (into, amount, "in")):
        if ours:
            body = Transfer(FUNDING, moved, TransferKind.INTERNAL, other)
            reading.state(f"transfer:{row.text('transferId')}:{suffix}", at, body)


_PAYS = ("Interest", "Distribution", "Reward", "Yield", "Bonus")
"""Words of the lines by which earn products pay; the others move what is staked."""


def fund_line(reading: Reading, row: Node) -> None:
    """A line of the funding account's history: what earn products take, give back and pay.

    Deposits, withdrawals and transfers are stated by their own records, which have numbers.
    """
    if row.text("showBusiTypeEn") != "Earn":
        return
    direction = row.text("ioDirection")
    if direction not in ("I", "O"):
        raise row.wrong("ioDirection is neither I nor O")
    at, number = seconds(row, "createTime"), abs(row.decimal("txnAmt"))
    signed = number if direction == "I" else -number
    amount = Amount(signed, reading.asset(row.text("currency"), at))
    words, external_id = row.text_or("description") + row.text_or("descriptionEn"), f"fund:{fund_id(row)}"
    if direction == "I" and any(word in words for word in _PAYS):
        reading.state(external_id, at, CashFlow(FUNDING, CashKind.REWARD, amount))
    else:
        _staked(reading, FUNDING, external_id, amount, at)


def earn_yield(reading: Reading, row: Node) -> None:
    """Yield that stays in its product; what is paid out is a line of the funding account."""
    if row.text_or("distributionMode") != "Reinvest" or row.text("status") != "Success":
        return
    at = row.instant("createdAt")
    amount = Amount(row.decimal("amount"), reading.asset(row.text("coin"), at))
    reading.state(f"yield:{row.text('id')}", at, CashFlow(EARN, CashKind.REWARD, amount))
