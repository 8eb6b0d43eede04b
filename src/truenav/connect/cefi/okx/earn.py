"""OKX's earn products and the funding account's bills.

What flexible savings earn is added to them each hour, by the lending history; what on-chain products earn is
paid to the funding account, by its bills. Bills of deposits, withdrawals and transfers to the trading account
state nothing: their own records do.
"""

from __future__ import annotations

from decimal import Decimal

from truenav.connect.contract import ParseContext, Parsed, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, CashFlow, CashKind, Transfer, TransferKind
from truenav.core.money import ZERO, Amount, AssetId, exact

EARN, FUNDING = "earn", "funding"
_ELSEWHERE = frozenset({"1", "2", "13", "130", "131"})
"""Deposit, withdrawal and a cancelled one, from and to the trading account: stated by their own records."""
_EARN_MOVES = frozenset({"75", "76", "80", "82", "348", "349"})
"""Into and out of flexible savings, on-chain products and staked BTC."""
_SUBACCOUNTS = frozenset({"20", "21", "22", "23"})
_REWARDS = frozenset({"28", "48", "83", "89", "139", "229", "328", "333", "343", "344", "350", "400", "408"})
"""Yields of staking, deposits and lending; airdrops and what events give."""


def answered(document: Node) -> list[Node]:
    """The rows of an answer; a refusal holds none."""
    if document.text("code") != "0":
        raise document.wrong(f"the answer is the refusal {document.text('code')}")
    return list(document.field("data").items())


def balances(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Savings and orders of on-chain products, joined; what an order is estimated to earn is not in it."""
    reading = Reading(evidence, context)
    document = read_json(body)
    parts = list(document.items())
    if len(parts) != 2:
        raise document.wrong("savings and orders are expected")
    savings, orders = parts
    held: dict[AssetId, Decimal] = {}
    with exact():
        for row in answered(savings):
            _add(held, reading, row)
        for order in answered(orders):
            for row in order.field("investData").items():
                _add(held, reading, row)
            _tell_fast_redemption(reading, order)
    lines = tuple(BalanceLine(asset, held[asset]) for asset in sorted(held))
    reading.snapshot(EARN, BalanceSnapshot(EARN, lines))
    return reading.done()


def _add(held: dict[AssetId, Decimal], reading: Reading, row: Node) -> None:
    if number := row.decimal("amt"):
        asset = reading.asset(row.text("ccy"), reading.evidence.answered_at)
        held[asset] = held.get(asset, ZERO) + number


def _tell_fast_redemption(reading: Reading, order: Node) -> None:
    """The venue does not say whether what is redeemed fast is still in the order."""
    listed = order.maybe("fastRedemptionData")
    for row in [] if listed is None else listed.items():
        if number := row.decimal_or("redeemingAmt", ZERO):
            _tell(
                reading,
                order.text("ordId"),
                f"{number} {row.text('ccy')} of an on-chain order are being redeemed and may be missing.",
                "Wait until they arrive in the funding account, then gather again.",
            )


def lending(reading: Reading, row: Node) -> None:
    """What savings in one coin earned in one hour; it is added to them."""
    if earned := row.decimal("earnings"):
        at = row.instant("ts")
        amount = Amount(earned, reading.asset(row.text("ccy"), at))
        reading.state(f"lending:{lending_id(row)}", at, CashFlow(EARN, CashKind.REWARD, amount))


def lending_id(row: Node) -> str:
    """Identity of an hour's lending, which the venue does not number: hour, coin, amount and rate."""
    return ":".join(row.text(name) for name in ("ts", "ccy", "amt", "rate"))


def funding_bill(reading: Reading, row: Node) -> None:
    """A change of the funding account that no other record states; unknown kinds are told, never guessed."""
    kind = row.text("type")
    if kind in _ELSEWHERE:
        return
    at = row.instant("ts")
    amount = Amount(row.decimal("balChg"), reading.asset(row.text("ccy"), at))
    external_id = f"funding-bill:{row.text('billId')}"
    if kind in _EARN_MOVES:
        reading.state(external_id, at, Transfer(FUNDING, amount, TransferKind.INTERNAL, EARN))
        reading.state(f"{external_id}:earn", at, Transfer(EARN, -amount, TransferKind.INTERNAL, FUNDING))
    elif kind in _SUBACCOUNTS:
        reading.state(external_id, at, Transfer(FUNDING, amount, TransferKind.INTERNAL, "sub-account"))
    elif kind in _REWARDS:
        reading.state(external_id, at, CashFlow(FUNDING, CashKind.REWARD, amount))
    else:
        _tell(
            reading,
            kind,
            f"Bills of the type {kind[:60]!r} in the funding account state nothing.",
            "The balance is right, the reason of its change is missing; report the type so that it is read.",
        )


def _tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    where = f"{reading.venue} {reading.evidence.endpoint}"
    reading.problems.setdefault((subject, message), Problem(where, message, mend, subject=subject))
