"""Binance Simple Earn, flexible and locked: what is subscribed, what moved there, and what it earned.

What products pay to the spot wallet is told by its dividends; only what stays in a product is stated here.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.client import SPOT_ACCOUNT, BinanceClient
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.cefi.binance.windows import History
from truenav.connect.contract import Payload, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.gathering import Pages, Row, Step
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, CashFlow, CashKind, Transfer, TransferKind
from truenav.core.money import ZERO, Amount, AssetId

WALLET = "earn"
_BASE = "/sapi/v1/simple-earn"
WORTH = Endpoint("earn.account/1", f"{_BASE}/account", "wallet", weight=150, host="spot")
FLEXIBLE = Endpoint("earn.flexible/1", f"{_BASE}/flexible/position", "wallet", weight=150, host="spot")
LOCKED = Endpoint("earn.locked/1", f"{_BASE}/locked/position", "wallet", weight=150, host="spot")
POSITIONS = "earn.positions/1"
"""Both lists of positions, joined."""
SUBSCRIBED = "local:flexible"
"""Name of the note on the spot wallet's balances: the coins of flexible products."""
_PAGE = 100
_ACCOUNTS = {"SPOT": "spot", "FUNDING": "funding"}
_DONE = frozenset({"SUCCESS", "PAID"})
_ENDED = _DONE | {"FAILED", "FAIL"}
_WITHIN = frozenset({"NEW_TRANSFERRED", "CONVERT", "TRANSFER"})
"""Kinds of a redemption of a locked product into a flexible one, and of the subscription that it becomes."""


def state(client: BinanceClient, *, spot: bool) -> list[Step]:
    """What is subscribed; that nothing is counts only where the venue's total says so, too.

    With ``spot`` the spot wallet's balances are asked for here: beside its coins it lists a receipt for each
    flexible product (``LDBTC``), so what these products are is noted in the evidence.
    """
    lists = asyncio.ensure_future(_lists(client))

    async def ask() -> Pages:
        flexible, locked = await lists
        parts = (*flexible, *locked)
        if not any(list(_rows(read_json(one.body))) for one in parts):
            total = await client.get(WORTH)
            if read_json(total.body).decimal("totalAmountInBTC"):
                raise IncompletePagesError(
                    "binance: no earn position is listed, but they are worth something; it is not taken."
                )
            parts = (*parts, total)
        return Pages((*parts, await client.api.join(POSITIONS, (*flexible, *locked))))

    async def ask_spot() -> Pages:
        payload = await client.get(SPOT_ACCOUNT)
        try:
            flexible, _ = await lists
        except VenueError:
            return Pages((payload,))
        codes = {row.text("asset") for one in flexible for row in _rows(read_json(one.body))}
        return Pages((await client.api.note(payload, SUBSCRIBED, ",".join(sorted(codes))),))

    return [(POSITIONS, ask()), *([(SPOT_ACCOUNT.name, ask_spot())] if spot else [])]


def receipts(evidence: Evidence) -> frozenset[str]:
    """Codes in the spot wallet that stand for flexible products, whose balance is read by itself."""
    noted = next((value for name, value in evidence.request.params if name == SUBSCRIBED), "")
    return frozenset(f"LD{code}" for code in noted.split(",") if code)


async def _lists(client: BinanceClient) -> tuple[list[Payload], list[Payload]]:
    return await _listed(client, FLEXIBLE), await _listed(client, LOCKED)


async def _listed(client: BinanceClient, endpoint: Endpoint) -> list[Payload]:
    payloads: list[Payload] = []
    count = 0
    while True:
        asked = {"current": str(len(payloads) + 1), "size": str(_PAGE)}
        payload = await client.get(endpoint, asked)
        payloads.append(payload)
        document = read_json(payload.body)
        found = len(list(_rows(document)))
        count += found
        total = document.decimal("total")
        if found < _PAGE or count >= total:
            break
    if total != count:
        raise IncompletePagesError(f"binance {endpoint.name}: {count} of {total} positions came.")
    return payloads


def _rows(document: Node) -> list[Node]:
    listed = document.maybe("rows")
    return list(listed.items()) if listed is not None else []


def past(asker: Asker) -> list[Step]:
    """Subscriptions, redemptions, and rewards that stay in flexible products."""
    steps = [asker.history(one) for one in (_SUBSCRIBED, _REDEEMED, _LOCKED_IN, _LOCKED_OUT)]
    return [*steps, asker.history(_REWARDED, type="REALTIME")]


def _endpoint(name: str, path: str) -> Endpoint:
    return Endpoint(name, f"{_BASE}/{path}", "wallet", weight=150, host="spot")


def _subscription_row(node: Node) -> Row:
    return Row(node.instant("time"), node.text("purchaseId"))


def _redemption_row(node: Node) -> Row:
    return Row(node.instant("time"), node.text("redeemId"))


def _reward_row(node: Node) -> Row:
    return Row(node.instant("time"), _reward_id(node))


def _reward_id(node: Node) -> str:
    names = ("projectId", "type", "asset", "time")
    return ":".join(node.text(name) for name in names)


def _under_way(row: Node) -> bool:
    return row.text("status") not in _ENDED


_SUBSCRIBED = History(
    _endpoint("earn.subscribed/1", "flexible/history/subscriptionRecord"),
    _subscription_row,
    pending=_under_way,
)
_REDEEMED = History(
    _endpoint("earn.redeemed/1", "flexible/history/redemptionRecord"), _redemption_row, pending=_under_way
)
_LOCKED_IN = History(
    _endpoint("earn.lockedIn/1", "locked/history/subscriptionRecord"), _subscription_row, pending=_under_way
)
_LOCKED_OUT = History(
    _endpoint("earn.lockedOut/1", "locked/history/redemptionRecord"), _redemption_row, pending=_under_way
)
_REWARDED = History(
    _endpoint("earn.rewards/1", "flexible/history/rewardsRecord"), _reward_row, late=timedelta(days=2)
)


# -- what they state --------------------------------------------------------------------------------


def positions(reading: Reading, document: Node) -> None:
    """What is subscribed, of all products together; locked rewards count when they are paid."""
    totals: dict[AssetId, Decimal] = defaultdict(lambda: ZERO)
    locked: dict[AssetId, Decimal] = defaultdict(lambda: ZERO)
    for answer in document.items():
        for row in _rows(answer):
            asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
            flexible = row.maybe("totalAmount") is not None
            number = row.decimal("totalAmount" if flexible else "amount")
            totals[asset] += number
            locked[asset] += ZERO if flexible else number
            if not flexible and row.decimal_or("redeemingAmt", ZERO):
                _tell_redeeming(reading, row.text("asset"))
    lines = (BalanceLine(asset, totals[asset], locked[asset]) for asset in sorted(totals) if totals[asset])
    reading.snapshot(WALLET, BalanceSnapshot(WALLET, tuple(lines)))


def _tell_redeeming(reading: Reading, code: str) -> None:
    where = f"{reading.venue} {reading.evidence.endpoint}"
    message = f"A locked product redeems {code[:60]}; what is under way counts once it is paid."
    mend = "Enter what is under way as a receivable if it is large."
    reading.problems.setdefault((code, message), Problem(where, message, mend, subject=code))


def subscriptions(reading: Reading, document: Node) -> None:
    """What went into a product, from the spot wallet, the funding wallet or both."""
    for row in _rows(document):
        if row.text("status") not in _DONE or row.text_or("type") in _WITHIN:
            continue
        at, asset = row.instant("time"), reading.asset(row.text("asset"), row.instant("time"))
        name = f"{_product(reading)}:in:{row.text('purchaseId')}"
        parts = {
            "spot": row.decimal_or("amtFromSpot", ZERO),
            "funding": row.decimal_or("amtFromFunding", ZERO),
        }
        if not any(parts.values()):
            parts = {_account(row, "sourceAccount"): row.decimal("amount")}
        for wallet, number in parts.items():
            if number:
                _moved(reading, f"{name}:{wallet}", at, wallet, WALLET, Amount(number, asset))


def redemptions(reading: Reading, document: Node) -> None:
    """What a product paid back; what an early end takes off the principal is a negative reward."""
    for row in _rows(document):
        if row.text("status") not in _DONE:
            continue
        at, asset = row.instant("time"), reading.asset(row.text("asset"), row.instant("time"))
        name, paid = f"{_product(reading)}:out:{row.text('redeemId')}", row.decimal("amount")
        if row.text_or("type") not in _WITHIN:
            _moved(reading, name, at, WALLET, _account(row, "destAccount"), Amount(paid, asset))
        if lost := row.decimal_or("originalAmount", paid) - paid:
            flow = CashFlow(WALLET, CashKind.REWARD, Amount(-lost, asset))
            reading.state(f"{name}:lost", at, flow)


def rewards(reading: Reading, document: Node) -> None:
    """What flexible products earned and kept."""
    for row in _rows(document):
        if row.text("type") == "REALTIME":
            at = row.instant("time")
            amount = Amount(row.decimal("rewards"), reading.asset(row.text("asset"), at))
            reading.state(f"earn:reward:{_reward_id(row)}", at, CashFlow(WALLET, CashKind.REWARD, amount))


def _product(reading: Reading) -> str:
    return "locked" if reading.evidence.endpoint.startswith("earn.locked") else "flexible"


def _account(row: Node, name: str) -> str:
    code = row.text_or(name, "SPOT")
    if code not in _ACCOUNTS:
        raise row.wrong(f"field {name!r} is {code[:40]!r}, which is not a wallet that is read")
    return _ACCOUNTS[code]


def _moved(reading: Reading, name: str, at: datetime, source: str, target: str, amount: Amount) -> None:
    """Both sides of a move between a product and a wallet."""
    reading.state(f"{name}:from", at, Transfer(source, -amount, TransferKind.INTERNAL, target))
    reading.state(f"{name}:to", at, Transfer(target, amount, TransferKind.INTERNAL, source))
