"""The past of a Coinbase account. Each movement is stated once.

* trades of pairs and contracts by the fills, which alone tell price and commission; the ledger's rows of
  them (``advanced_trade_fill``) are left.
* everything else of the spot accounts by their ledgers: deposits, withdrawals, transfers, rewards. A
  conversion is two rows, one in the ledger of each asset.
* of the futures wallet its trades, and its transfers with the spot wallet from the ledger of the dollars.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from truenav.connect.cefi.coinbase.answers import (
    DONE,
    EARN,
    FUTURES,
    INTERNATIONAL,
    SPOT,
    documents,
    fill_id,
    instant,
    rows,
    side_of,
    traded_terms,
)
from truenav.connect.contract import ParseContext, Parsed, Problem
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import CashFlow, CashKind, Trade, Transfer, TransferKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import ZERO, Amount, exact, rounded

QUANTITY_PLACES = 18
_TRADED = frozenset({"advanced_trade_fill"})
_OUTSIDE = frozenset(
    {
        "send",
        "receive",
        "request",
        "fiat_deposit",
        "fiat_withdrawal",
        "unsupported_asset_recovery",
        "clawback",
    }
)
"""What comes from outside and goes there; a clawback takes back a payment that never arrived."""
_OWN: Mapping[str, str] = {
    "transfer": "",
    "vault_withdrawal": "vault",
    "exchange_deposit": "exchange",
    "exchange_withdrawal": "exchange",
    "pro_deposit": "pro",
    "pro_withdrawal": "pro",
    "intx_deposit": "international",
    "intx_withdrawal": "international",
}
"""Transfers between own accounts, and the other end of each where its ledger is not read here."""
_BESIDE: Mapping[str, str] = {
    "staking_transfer": EARN,
    "unstaking_transfer": EARN,
    "derivatives_settlement": FUTURES,
}
"""Transfers with a wallet of this account that has no ledger: both sides are stated from this one."""
_CASH: Mapping[str, CashKind] = {
    "interest": CashKind.INTEREST,
    "staking_reward": CashKind.REWARD,
    "inflation_reward": CashKind.REWARD,
    "earn_payout": CashKind.REWARD,
    "incentives_rewards_payout": CashKind.REWARD,
    "incentives_shared_clawback": CashKind.REWARD,
    "retail_simple_price_improvement": CashKind.REWARD,
    "subscription_rebate": CashKind.REWARD,
    "subscription": CashKind.FEE,
    "trade": CashKind.REALISED,
    "buy": CashKind.REALISED,
    "sell": CashKind.REALISED,
    "wrap_asset": CashKind.REALISED,
    "unwrap_asset": CashKind.REALISED,
    "retail_simple_dust": CashKind.REALISED,
    "retail_eth2_deprecation": CashKind.REALISED,
    "retail_instant_unstaking": CashKind.REALISED,
    "fcm_futures_usdc_sell": CashKind.REALISED,
    "fcm_futures_usdc_sell_additional_encumberment_rollup": CashKind.REALISED,
}
"""Kinds of cash."""
_WALLET = "Wallet"
"""End of the name of a payment method that is an account of ours (``USD Wallet``)."""


# -- trades ---------------------------------------------------------------------------------------


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Fills of pairs and of futures; adjustments, whose meaning is not documented, are told."""
    reading = Reading(evidence, context)
    with exact():
        for row in (one for document in documents(body) for one in rows(document, "fills")):
            kind, code = row.text_or("trade_type", "FILL"), row.text("product_id")
            if code.endswith(INTERNATIONAL):
                _tell_international(reading)
            elif kind != "FILL":
                message = f"A fill of the kind {kind[:40]} adjusts another one, and how is not documented."
                reading.lost(fill_id(row)[:100], message, "Report it, and enter its effect as a manual item.")
            else:
                _trade(reading, row, code)
    return reading.done()


def _trade(reading: Reading, row: Node, code: str) -> None:
    terms = traded_terms(reading, code)
    if terms is None:
        return
    sign, price, size = side_of(row, "side", "BUY", "SELL"), row.decimal("price"), row.decimal("size")
    if price <= 0:
        raise row.wrong("price is not above zero")
    spot, commission = terms.kind is InstrumentKind.SPOT, row.decimal_or("commission", ZERO)
    quantity, cost = size, size * price
    if spot and row.flag("size_in_quote"):
        quantity, cost = rounded(size / price, QUANTITY_PLACES), size
    body = Trade(
        wallet=SPOT if spot else FUTURES,
        instrument=terms.id,
        quantity=sign * quantity,
        price=price,
        cost=Amount(-sign * cost, terms.quote) if spot else None,
        realised=None,
        fees=(Amount(-commission, terms.quote),) if commission else (),
        order_id=row.text("order_id"),
    )
    reading.state(f"fill:{fill_id(row)}", instant(row, "trade_time"), body)


def _tell_international(reading: Reading) -> None:
    message = "Fills of international perpetuals were left: that account is at another gateway now."
    _tell(reading, "INTX", message, "Import the old account's export where its past matters.")


# -- the ledger of each account -------------------------------------------------------------------


def transactions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Rows of one account's ledger that are completed; ``amount`` is what its balance changed by."""
    reading = Reading(evidence, context)
    with exact():
        for row in (one for document in documents(body) for one in rows(document, "data")):
            if row.text("status").strip() == DONE and row.text("type") not in _TRADED:
                _moved(reading, row, row.text("type"))
    return reading.done()


def _moved(reading: Reading, row: Node, kind: str) -> None:
    at, money = instant(row, "created_at"), row.field("amount")
    number = money.decimal("amount")
    if not number:
        return
    moved = Amount(number, reading.asset(money.text("currency"), at))
    name = f"tx:{row.text('id')}"
    if kind in _OUTSIDE or _paid_outside(row, kind):
        reading.state(name, at, _external(row, moved))
    elif kind in _OWN:
        reading.state(name, at, Transfer(SPOT, moved, TransferKind.INTERNAL, _OWN[kind] or _other_end(row)))
    elif kind in _BESIDE:
        other = _BESIDE[kind]
        reading.state(name, at, Transfer(SPOT, moved, TransferKind.INTERNAL, other))
        reading.state(f"{name}:{other}", at, Transfer(other, -moved, TransferKind.INTERNAL, SPOT))
    else:
        cash = _CASH.get(kind) or _by_sign(reading, kind, number)
        reading.state(name, at, CashFlow(SPOT, cash, moved))


def _paid_outside(row: Node, kind: str) -> bool:
    """Whether coins were bought by a bank or card, or sold to one: no ledger of ours has the other side."""
    details = row.maybe(kind) if kind in ("buy", "sell") else None
    method = "" if details is None else details.text_or("payment_method_name")
    return bool(method) and not method.endswith(_WALLET)


def _external(row: Node, moved: Amount) -> Transfer:
    """A deposit or withdrawal; ``amount`` has the network's fee in it where we paid one in the same coin."""
    network, end = row.maybe("network"), row.maybe("to" if moved.number < 0 else "from")
    fee = _network_fee(row, network, moved)
    return Transfer(
        wallet=SPOT,
        amount=moved if fee is None else moved + -fee,
        kind=TransferKind.EXTERNAL,
        counterpart=""
        if end is None
        else end.text_or("address") or end.text_or("email") or end.text_or("id"),
        txid="" if network is None else network.text_or("hash"),
        fee=fee,
    )


def _network_fee(row: Node, network: Node | None, moved: Amount) -> Amount | None:
    told = None if network is None or moved.number > 0 else network.maybe("transaction_fee")
    if told is None or told.text("currency") != row.field("amount").text("currency"):
        return None
    fee = abs(told.decimal("amount"))
    if fee >= abs(moved.number):
        raise row.wrong("the network's fee is not less than what left")
    return Amount(-fee, moved.asset) if fee else None


def _other_end(row: Node) -> str:
    end = row.maybe("to") or row.maybe("from")
    return "" if end is None else end.text_or("id")


def _by_sign(reading: Reading, kind: str, number: Decimal) -> CashKind:
    """Cash of a kind that is not documented: taken, by its sign, and told."""
    message = f"A row of the unknown type {kind[:60]!r} is taken as a fee where negative, else as a reward."
    mend = "Nothing is missing from the balance; report the type so that it gets its own kind."
    _tell(reading, kind[:60], message, mend)
    return CashKind.FEE if number < 0 else CashKind.REWARD


def _tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    problem = Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=subject)
    reading.problems.setdefault((subject, message), problem)
