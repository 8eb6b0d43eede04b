"""The past of a KuCoin account. Each movement of cash is stated by one endpoint, once.

* spot and margin pairs: the fills, with their fees; lines of ledgers about trades state nothing.
* deposits and withdrawals: their own records; all else of the main account: its ledger.
* trade and margin accounts: their own ledgers, which reach back three days.
* contracts: positions by the fills; all cash by the lines of the futures account, which add up profit, fees
  and funding of a contract over a session. A running session states nothing yet.
* what is owed: the interest records, because interest is added to the debt when it is charged.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from truenav.connect.cefi.kucoin.answers import (
    CROSS_TRADES,
    EARN,
    FUTURES,
    ISOLATED,
    ISOLATED_TRADES,
    MAIN,
    MARGIN,
    PLAIN_TRADES,
    TRADE,
    asked,
    asset,
    contract_id,
    contract_terms,
    spot_id,
    tell,
)
from truenav.connect.cefi.kucoin.rows import (
    fill_id,
    interest_at,
    interest_id,
    money_id,
    session_id,
    session_runs,
)
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.facts import CashFlow, CashKind, Trade, Transfer, TransferKind
from truenav.core.instrument import Instrument
from truenav.core.money import ZERO, Amount

FILL_WALLETS = {"": TRADE, PLAIN_TRADES: TRADE, CROSS_TRADES: MARGIN, ISOLATED_TRADES: ISOLATED}
"""Whose fills an answer has, by the kind that was asked for."""
_ACCOUNTS = {
    "MAIN": MAIN,
    "TRADE": TRADE,
    "TRADE_HF": TRADE,
    "MARGIN": MARGIN,
    "MARGIN_V2": MARGIN,
    "ISOLATED": ISOLATED,
    "ISOLATED_V2": ISOLATED,
}
_OWN_LEDGERS = frozenset({"TRADE_HF", "MARGIN_V2", "ISOLATED_V2", "CONTRACT"})
_ELSEWHERE = frozenset(
    {
        "deposit",
        "withdrawal",
        "withdraw",
        "exchange",
        "trade exchange",
        "spot exchange",
        "margin trade",
        "margin exchange",
        "isolated exchange",
        "borrowings",
        "debt repayment",
        "loans",
    }
)
"""Stated by records and fills; what is borrowed comes with its debt."""
_TRANSFERS = frozenset({"transfer", "sub account transfer", "sub transfer", "sub to sub transfer"})
_LENT = frozenset({"lendings", "loans repaid"})
_STAKED = frozenset({"staking", "redemption", "voting", "redemption of voting"})
_CASH: Mapping[str, CashKind] = {
    **dict.fromkeys(
        (
            "kucoin bonus",
            "referral bonus",
            "rewards",
            "other rewards",
            "distribution",
            "airdrop/fork",
            "staking profits",
            "soft staking profits",
            "voting earnings",
            "lockdrop vesting",
        ),
        CashKind.REWARD,
    ),
    **dict.fromkeys(
        (
            "fee rebate",
            "refunded fees",
            "kcs pay fees",
            "liquidation fees",
            "returned fees",
            "deduction fees",
        ),
        CashKind.FEE,
    ),
    **dict.fromkeys(
        ("instant exchange", "convert to kcs", "buy crypto", "sell crypto"),
        CashKind.REALISED,
    ),
}
"""Kinds of cash; a conversion is two lines, one for each coin."""
_FUTURES_TRANSFERS = {"transferin": 1, "deposit": 1, "transferout": -1, "withdrawal": -1}


# -- spot and margin pairs ------------------------------------------------------------------------


def fill(reading: Reading, row: Node) -> None:
    """A fill of a pair; the account is the one that was asked for."""
    terms = reading.instrument(spot_id(row.text("symbol")), lost=True)
    if terms is None:
        return
    wallet = FILL_WALLETS.get(asked(reading, "tradeType"))
    if wallet is None:
        raise row.wrong("it is not noted of which account these fills are")
    at, sign = row.instant("createdAt"), _side(row)
    body = Trade(
        wallet=wallet,
        instrument=terms.id,
        quantity=sign * row.decimal("size"),
        price=row.decimal("price"),
        cost=Amount(-sign * row.decimal("funds"), terms.quote),
        realised=None,
        fees=_fees(reading, row, terms),
        order_id=row.text("orderId"),
    )
    reading.state(f"{terms.code}:{fill_id(row)}", at, body)


def _side(row: Node) -> int:
    side = row.text("side")
    if side not in ("buy", "sell"):
        raise row.wrong("side is neither buy nor sell")
    return 1 if side == "buy" else -1


def _fees(reading: Reading, row: Node, terms: Instrument) -> tuple[Amount, ...]:
    """The fee in its coin (else in quote), and the tax of some countries; a rebate is negative there."""
    code = row.text_or("feeCurrency")
    coin = asset(reading, code, row.instant("createdAt")) if code else terms.quote
    parts = (row.decimal_or("fee", ZERO), row.decimal_or("tax", ZERO))
    return tuple(Amount(-number, coin) for number in parts if number)


# -- ledgers of the main, trade and margin accounts -----------------------------------------------


def main_line(reading: Reading, row: Node) -> None:
    """A line of the ledger of all accounts; those that have ledgers of their own are stated there."""
    if row.text("accountType").upper() not in _OWN_LEDGERS:
        line(reading, row)


def line(reading: Reading, row: Node) -> None:
    """One change of one coin; ``amount`` has the fee in it, ``direction`` its sign."""
    kind = row.text("bizType").replace("_", " ").replace("-", " ").strip().lower()
    wallet = _ACCOUNTS.get(row.text("accountType").upper())
    if kind in _ELSEWHERE:
        return
    if wallet is None:
        _tell_unknown(reading, f"{row.text('accountType')} {kind}")
        return
    at, external_id = row.instant("createdAt"), f"ledger:{row.text('id')}"
    amount = Amount(_signed(row), asset(reading, row.text("currency"), at))
    if not amount.number:
        return
    if kind in _TRANSFERS:
        reading.state(external_id, at, Transfer(wallet, amount, TransferKind.INTERNAL))
    elif kind in _STAKED:
        reading.state(external_id, at, Transfer(wallet, amount, TransferKind.INTERNAL, EARN))
        reading.state(f"{external_id}:earn", at, Transfer(EARN, -amount, TransferKind.INTERNAL, wallet))
    elif kind in _LENT:
        message = "Money moved between the main account and lending, which is not read."
        tell(reading, "lending", message, "Enter what is lent as a manual item.")
        reading.state(external_id, at, Transfer(wallet, amount, TransferKind.INTERNAL, "lending"))
    elif kind in _CASH:
        reading.state(external_id, at, CashFlow(wallet, _CASH[kind], amount))
    else:
        _tell_unknown(reading, kind)


def _signed(row: Node) -> Decimal:
    direction = row.text("direction").lower()
    if direction not in ("in", "out"):
        raise row.wrong("direction is neither in nor out")
    amount = abs(row.decimal("amount"))
    return amount if direction == "in" else -amount


def _tell_unknown(reading: Reading, kind: str) -> None:
    message = f"Lines of the kind {kind[:60]!r} state nothing."
    mend = "The balance is right, the reason of its change is missing; report the kind so that it is read."
    tell(reading, kind[:60], message, mend)


def interest(reading: Reading, row: Node) -> None:
    """Interest that a margin account was charged; it is added to what is owed."""
    market = asked(reading, "symbol")
    wallet, at = ISOLATED if market else MARGIN, interest_at(row)
    amount = Amount(-row.decimal("interestAmount"), asset(reading, row.text("currency"), at))
    if amount.number:
        body = CashFlow(wallet, CashKind.INTEREST, amount)
        reading.state(f"interest:{market or wallet}:{interest_id(row)}", at, body)


# -- deposits and withdrawals ---------------------------------------------------------------------


def deposit(reading: Reading, row: Node) -> None:
    """A deposit that arrived, from a chain or from another KuCoin account; its fee is taken off."""
    _external(reading, row, "deposit", 1)


def withdrawal(reading: Reading, row: Node) -> None:
    """A withdrawal at the instant at which it was asked for; its fee comes on top."""
    _external(reading, row, "withdrawal", -1)


def _external(reading: Reading, row: Node, kind: str, sign: int) -> None:
    if row.text("status") != "SUCCESS":
        return
    at = row.instant("createdAt")
    coin, fee = asset(reading, row.text("currency"), at), row.decimal_or("fee", ZERO)
    body = Transfer(
        wallet=MAIN,
        amount=Amount(sign * row.decimal("amount"), coin),
        kind=TransferKind.EXTERNAL,
        counterpart=row.text_or("address"),
        txid=row.text_or("walletTxId"),
        fee=Amount(-fee, coin) if fee else None,
    )
    reading.state(f"{kind}:{money_id(row)}", at, body)


# -- contracts ------------------------------------------------------------------------------------


def contract_fill(reading: Reading, row: Node) -> None:
    """A fill of a contract, also of a liquidation or an expiry: the position only."""
    terms = contract_terms(reading, row.text("symbol"))
    if terms is None:
        return
    body = Trade(
        wallet=FUTURES,
        instrument=terms.id,
        quantity=_side(row) * row.decimal("size"),
        price=row.decimal("price"),
        cost=None,
        realised=None,
        fees=(),
        order_id=row.text("orderId"),
    )
    reading.state(f"{terms.code}:{fill_id(row)}", row.instant("createdAt"), body)


def contract_line(reading: Reading, row: Node) -> None:
    """A session's profit of a contract with its fees and funding, or a transfer."""
    if session_runs(row):
        return
    kind, at = row.text("type"), row.instant("time")
    amount = Amount(row.decimal("amount"), asset(reading, row.text("currency"), at))
    external_id = f"session:{session_id(row)}"
    if not amount.number:
        return
    if kind == "RealisedPNL":
        name = row.text_or("remark")
        about = contract_id(name) if name else None
        reading.state(external_id, at, CashFlow(FUTURES, CashKind.REALISED, amount, about))
    elif kind.lower() in _FUTURES_TRANSFERS:
        moved = Amount(_FUTURES_TRANSFERS[kind.lower()] * abs(amount.number), amount.asset)
        reading.state(external_id, at, Transfer(FUTURES, moved, TransferKind.INTERNAL))
    else:
        _tell_unknown(reading, kind)
