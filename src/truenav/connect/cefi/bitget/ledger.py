"""The past of a Bitget account. Each movement of cash is stated by one endpoint, once.

* spot: trades by the fills, deposits and withdrawals by their own records, everything else by the bills.
* futures: trades, liquidations and deliveries by the fills; funding, transfers and all other by the bills.
* margin: trades by the fills, interest as it is charged by the interest history, the rest by the records.
* earn: the other side of what the spot bills say of it.

Both ends of a transfer are stated, each by its own wallet's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.bitget.answers import (
    EARN,
    FUNDING,
    SPOT,
    contract_id,
    contract_terms,
    spot_id,
    tell,
)
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.asset import USD
from truenav.core.facts import CashFlow, CashKind, Settlement, Trade, Transfer, TransferKind
from truenav.core.instrument import Instrument
from truenav.core.money import ZERO, Amount, AssetId

ReadRow = Callable[[Reading, Node], None]

# -- fills ----------------------------------------------------------------------------------------


def pair_fill(wallet: str) -> ReadRow:
    """A reader of fills of pairs; those of margin wallets leave out the pair that was asked for."""

    def read(reading: Reading, row: Node) -> None:
        asked = dict(reading.evidence.request.params)
        symbol = row.text_or("symbol") or asked.get("symbol", "")
        terms = reading.instrument(spot_id(symbol.upper()), lost=True)
        if terms is None:
            return
        at, sign = row.instant("cTime"), _sign_of_pair(row)
        body = Trade(
            wallet=wallet,
            instrument=terms.id,
            quantity=sign * row.decimal("size"),
            price=row.decimal("priceAvg"),
            cost=Amount(-sign * row.decimal("amount"), terms.quote),
            realised=None,
            fees=_fees(reading, row, at),
            order_id=row.text("orderId"),
        )
        reading.state(f"{wallet}:fill:{row.text('tradeId')}", at, body)

    return read


def _sign_of_pair(row: Node) -> int:
    """Bought or sold, by whoever: ``buy``, ``liquidation-sell``, ``system_repay_buy``."""
    side = row.text("side").lower().replace("_", "-").rpartition("-")[2]
    if side not in ("buy", "sell"):
        raise row.wrong("side is neither buy nor sell")
    return 1 if side == "buy" else -1


def _fees(reading: Reading, row: Node, at: datetime) -> tuple[Amount, ...]:
    """The fees of a fill, one or several; what is paid is negative, as the venue writes it."""
    detail = row.maybe("feeDetail")
    if detail is None or detail.value == "":
        return ()
    parts = list(detail.items()) if isinstance(detail.value, list) else [detail]
    found = []
    for part in parts:
        fee = part.decimal_or("totalFee", ZERO) or part.decimal_or("totalDeductionFee", ZERO)
        if fee:
            found.append(Amount(fee, reading.asset(part.text("feeCoin").upper(), at)))
    return tuple(found)


def contract_fill(wallet: str) -> ReadRow:
    """A reader of fills of contracts; a delivery closes its position as a settlement."""

    def read(reading: Reading, row: Node) -> None:
        terms = contract_terms(reading, row.text("symbol").upper())
        if terms is None:
            return
        at, quantity = row.instant("cTime"), _sign_of_contract(row) * row.decimal("baseVolume")
        coin = _coin_of_profit(reading, row, terms, at)
        if coin is None:
            return
        realised, price = Amount(row.decimal_or("profit", ZERO), coin), row.decimal("price")
        fees, name = _fees(reading, row, at), f"{wallet}:fill:{row.text('tradeId')}"
        if row.text("tradeSide").startswith("delivery"):
            reading.state(name, at, Settlement(wallet, terms.id, quantity, price, realised))
            for fee in fees:
                reading.state(f"{name}:{fee.asset}", at, CashFlow(wallet, CashKind.FEE, fee, terms.id))
            return
        body = Trade(
            wallet=wallet,
            instrument=terms.id,
            quantity=quantity,
            price=price,
            cost=None,
            realised=realised,
            fees=fees,
            order_id=row.text("orderId"),
        )
        reading.state(name, at, body)

    return read


def _sign_of_contract(row: Node) -> int:
    """Whether a fill adds to a position or takes from it.

    In hedge mode ``side`` is that of the position, so that a long is opened by ``buy`` and closed by ``buy``;
    what the venue closes names the position (``burst_close_long``) or, one-way, what it did
    (``burst_sell_single``).
    """
    side, kind = row.text("side").lower(), row.text("tradeSide").lower()
    if side not in ("buy", "sell"):
        raise row.wrong("side is neither buy nor sell")
    if "_long" in kind or "_short" in kind:
        opens_or_closes = 1 if kind.startswith("open") else -1
        return opens_or_closes if "_long" in kind else -opens_or_closes
    if "buy" in kind or "sell" in kind:
        return 1 if "buy" in kind else -1
    if kind not in ("open", "close"):
        raise row.wrong(f"tradeSide {kind[:40]!r} is not known")
    closes_long_as_buy = kind == "close" and row.text_or("posMode") != "one_way_mode"
    bought = (side == "buy") is not closes_long_as_buy
    return 1 if bought else -1


def _coin_of_profit(reading: Reading, row: Node, terms: Instrument, at: datetime) -> AssetId | None:
    """The margin coin; where a row does not tell it, the one that the contract settles in, unless dollars."""
    if coin := row.text_or("marginCoin"):
        return reading.asset(coin.upper(), at)
    if terms.settle != USD:
        return terms.settle
    reading.lost(
        terms.id,
        f"A fill of {terms.code} does not tell the coin of its profit.",
        "Nothing is guessed; report it with the hash of the payload.",
    )
    return None


# -- bills of futures -----------------------------------------------------------------------------

_BY_FILLS = ("open_", "close_", "force_", "burst_", "delivery_", "adl_", "offset_", "reduce_close", "dte_sys")
"""How kinds begin that the fills state, with what they realised and their fees."""
_MARGIN_MOVES = frozenset(
    {"append_margin", "adjust_down_lever_append_margin", "reduce_margin", "auto_append_margin"}
)
"""Cash that goes into the margin of a position and back; it stays in the wallet."""
_GIFTS = ("cash_gift_", "bonus_", "user_grants_")
_BILL_KINDS: Mapping[str, CashKind] = {
    "settle_interest": CashKind.INTEREST,
    "user_exchange_buy": CashKind.REALISED,
    "user_exchange_sell": CashKind.REALISED,
    "risk_captital_user_transfer": CashKind.REALISED,
    "tracking_follow_pay": CashKind.FEE,
    "tracking_follow_back": CashKind.FEE,
    "tracking_trader_income": CashKind.REWARD,
}


def contract_bill(wallet: str) -> ReadRow:
    """A reader of a futures wallet's ledger; what the fills state is left to them."""

    def read(reading: Reading, row: Node) -> None:
        kind = row.text("businessType").lower()
        if kind in ("buy", "sell") or kind in _MARGIN_MOVES or kind.startswith(_BY_FILLS):
            return
        at, number = row.instant("cTime"), row.decimal("amount")
        asset, name = reading.asset(row.text("coin").upper(), at), f"{wallet}:bill:{row.text('billId')}"
        symbol = row.text_or("symbol")
        contract = contract_id(symbol.upper()) if symbol else None
        if fee := row.decimal_or("fee", ZERO):
            flow = CashFlow(wallet, CashKind.FEE, Amount(fee, asset), contract)
            reading.state(f"{name}:fee", at, flow)
        if not number:
            return
        if kind.startswith("trans"):
            other = kind.removeprefix("trans_from_").removeprefix("trans_to_")
            reading.state(name, at, Transfer(wallet, Amount(number, asset), TransferKind.INTERNAL, other))
            return
        cash = _kind_of_bill(kind) or _by_sign(reading, kind, number)
        reading.state(name, at, CashFlow(wallet, cash, Amount(number, asset), contract))

    return read


def _kind_of_bill(kind: str) -> CashKind | None:
    if kind.startswith("contract_") and kind.endswith("settle_fee"):
        return CashKind.FUNDING
    return CashKind.REWARD if kind.startswith(_GIFTS) else _BILL_KINDS.get(kind)


def _by_sign(reading: Reading, kind: str, number: Decimal) -> CashKind:
    """Cash of a kind that is not documented: taken, by its sign, and told."""
    message = f"A line of the unknown type {kind[:60]!r} is taken as a fee where negative, else as a reward."
    mend = "Nothing is missing from the balance; report the type so that it gets its own kind."
    tell(reading, kind, message, mend)
    return CashKind.FEE if number < 0 else CashKind.REWARD


# -- bills of spot, and earn products -------------------------------------------------------------

_BY_RECORDS = frozenset({"deposit", "withdraw"})
_TRADES = frozenset({"BUY", "SELL", "DEDUCTION_HANDLING_FEE"})
_PAYS = ("INTEREST", "REWARD", "AIRDROP", "REBATE", "CASHBACK", "BONUS")
_UNREAD = frozenset({"strategy", "on_chain"})
_EXTERNAL = frozenset({"loan", "fait", "c2c"})
"""Money from outside of the account: a pledged loan, fiat, and trades with people."""


def spot_bill(reading: Reading, row: Node) -> None:
    """A line of the spot wallet's ledger, but for trades, deposits and withdrawals."""
    group, kind = row.text("groupType").lower(), row.text("businessType").upper().replace("-", "_")
    if group in _BY_RECORDS or kind in _TRADES or kind.endswith("_LOCK"):
        return
    at, number = row.instant("cTime"), row.decimal("size")
    asset, name = reading.asset(row.text("coin").upper(), at), f"spot:bill:{row.text('billId')}"
    if fee := row.decimal_or("fees", ZERO):
        reading.state(f"{name}:fee", at, CashFlow(SPOT, CashKind.FEE, Amount(fee, asset)))
    if number:
        _spot_move(reading, group, kind, name, Amount(number, asset), at)


def _spot_move(reading: Reading, group: str, kind: str, name: str, amount: Amount, at: datetime) -> None:
    if any(word in kind for word in _PAYS):
        reading.state(name, at, CashFlow(SPOT, CashKind.REWARD, amount))
    elif group == "financial":
        reading.state(name, at, Transfer(SPOT, amount, TransferKind.INTERNAL, EARN))
        reading.state(f"{name}:earn", at, Transfer(EARN, -amount, TransferKind.INTERNAL, SPOT))
    elif group == "transfer" or group in _UNREAD:
        if group in _UNREAD:
            _tell_unread(reading, group)
        reading.state(
            name, at, Transfer(SPOT, amount, TransferKind.INTERNAL, "" if group == "transfer" else group)
        )
    elif group in _EXTERNAL:
        if group == "loan":
            _tell_loan(reading)
        reading.state(name, at, Transfer(SPOT, amount, TransferKind.EXTERNAL, group))
    elif group == "convert":
        reading.state(name, at, CashFlow(SPOT, CashKind.REALISED, amount))
    else:
        cash = _by_sign(reading, f"{group} {kind}", amount.number)
        reading.state(name, at, CashFlow(SPOT, cash, amount))


def _tell_unread(reading: Reading, group: str) -> None:
    message = f"Money moved between the spot wallet and a product that is not read ({group})."
    tell(reading, group, message, "Enter what lies in the product as a manual item.")


def _tell_loan(reading: Reading) -> None:
    message = (
        "Money or collateral of a pledged loan moved; what is owed for it stands outside of the wallets."
    )
    tell(reading, "loan", message, "Enter the loan and its collateral as manual items.")


# -- margin ---------------------------------------------------------------------------------------

_BORROWED = frozenset({"borrow", "repay", "interest_repay"})
"""Money and debt come and go together, and the balance is counted without what is owed."""
_SIDES = frozenset({"deal_in", "deal_out"})
_DEALS = _SIDES | {"system_fee_in"}
_SYSTEM_SIDE = frozenset({"sys_exchange_in", "sys_exchange_out"})
"""The venue's own side of a conversion."""
_MARGIN_KINDS: Mapping[str, tuple[int, CashKind]] = {
    "liquidation_fee": (-1, CashKind.FEE),
    "compensate": (1, CashKind.REALISED),
    "confiscated": (-1, CashKind.REALISED),
    "exchange_in": (1, CashKind.REALISED),
    "exchange_out": (-1, CashKind.REALISED),
}


def is_deal(row: Node) -> bool:
    """Whether a line of a margin wallet's records is a side of a trade."""
    return row.text("marginType").lower() in _SIDES


def margin_line(wallet: str) -> ReadRow:
    """A reader of a margin wallet's records; trades are left to the fills, debt to the balance."""

    def read(reading: Reading, row: Node) -> None:
        kind, coin = row.text("marginType").lower(), row.text("coin").upper()
        number = row.decimal("amount")
        if kind in _BORROWED or kind in _DEALS or kind in _SYSTEM_SIDE or not number:
            return
        at = row.instant("cTime")
        asset, name = reading.asset(coin, at), f"{wallet}:line:{row.text('marginId')}"
        if kind in ("transfer_in", "transfer_out"):
            moved = abs(number) if kind == "transfer_in" else -abs(number)
            reading.state(name, at, Transfer(wallet, Amount(moved, asset), TransferKind.INTERNAL))
            return
        if kind in _MARGIN_KINDS:
            sign, cash = _MARGIN_KINDS[kind]
            number = sign * abs(number)
        else:
            cash = _by_sign(reading, kind, number)
        reading.state(name, at, CashFlow(wallet, cash, Amount(number, asset)))

    return read


def margin_interest(wallet: str) -> ReadRow:
    """A reader of interest on what was borrowed, as it is charged: the debt grows by it."""

    def read(reading: Reading, row: Node) -> None:
        at = row.instant("cTime")
        amount = Amount(
            -abs(row.decimal("interestAmount")), reading.asset(row.text("interestCoin").upper(), at)
        )
        if amount.number:
            name = f"{wallet}:interest:{row.text('interestId')}"
            reading.state(name, at, CashFlow(wallet, CashKind.INTEREST, amount))

    return read


# -- funding, deposits and withdrawals ------------------------------------------------------------

_FUNDING_KINDS: Mapping[str, tuple[int, TransferKind]] = {
    "transfer_in": (1, TransferKind.INTERNAL),
    "transfer_out": (-1, TransferKind.INTERNAL),
    "buy": (1, TransferKind.EXTERNAL),
    "sell": (-1, TransferKind.EXTERNAL),
}


def funding_bill(reading: Reading, row: Node) -> None:
    """A line of the funding wallet's records; what is bought from or sold to people is paid elsewhere."""
    kind = row.text("p2pTaxType").lower().replace("-", "_")
    if kind not in _FUNDING_KINDS:
        reading.lost(
            f"p2p {kind[:60]}",
            f"A line of the funding wallet is of the unknown type {kind[:60]!r}; its sign is not told.",
            "Report the type with the hash of the payload.",
        )
        return
    sign, other = _FUNDING_KINDS[kind]
    at = row.instant("ts")
    amount = Amount(sign * abs(row.decimal("balance")), reading.asset(row.text("coin").upper(), at))
    counterpart = "p2p" if other is TransferKind.EXTERNAL else ""
    reading.state(f"funding:{row.text('id')}", at, Transfer(FUNDING, amount, other, counterpart))


def deposit(reading: Reading, row: Node) -> None:
    """A deposit from a chain or from another Bitget account, once it is credited."""
    if row.text("status").lower() != "success":
        return
    at = row.instant("cTime")
    amount = Amount(row.decimal("size"), reading.asset(row.text("coin").upper(), at))
    body = Transfer(SPOT, amount, TransferKind.EXTERNAL, row.text_or("fromAddress"), row.text_or("tradeId"))
    reading.state(f"deposit:{row.text('orderId')}", at, body)


def withdrawal(reading: Reading, row: Node) -> None:
    """A withdrawal, on a chain or to another Bitget account; the fee is a part of ``size``."""
    if row.text("status").lower() != "success":
        return
    at, fee = row.instant("cTime"), abs(row.decimal_or("fee", ZERO))
    asset = reading.asset(row.text("coin").upper(), at)
    body = Transfer(
        wallet=SPOT,
        amount=Amount(fee - row.decimal("size"), asset),
        kind=TransferKind.EXTERNAL,
        counterpart=row.text_or("toAddress"),
        txid=row.text_or("tradeId"),
        fee=Amount(-fee, asset) if fee else None,
    )
    reading.state(f"withdrawal:{row.text('orderId')}", at, body)
