"""Binance isolated margin: pairs with margin of their own, as one wallet.

A coin's total is what all pairs have of it less what they owe; what moves from pair to pair stays in it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.client import MARGIN_INTEREST, BinanceClient, Lending, interest_row
from truenav.connect.cefi.binance.overview import worth_nothing
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.cefi.binance.transfers import TOLD_HERE
from truenav.connect.cefi.binance.windows import History
from truenav.connect.document import Node, read_json
from truenav.connect.gathering import Pages, Row, Step
from truenav.connect.reading import Reading
from truenav.core.facts import BalanceLine, BalanceSnapshot, Transfer, TransferKind
from truenav.core.money import ZERO, Amount, AssetId

WALLET = "isolated"


def _endpoint(name: str, path: str, weight: int) -> Endpoint:
    return Endpoint(f"isolated.{name}/1", f"/sapi/v1/margin/{path}", "wallet", weight=weight, host="spot")


ACCOUNT = _endpoint("account", "isolated/account", 10)
_TRANSFERS = _endpoint("transfers", "transfer", 1)
LENDING = Lending(
    WALLET,
    _endpoint("trades", "myTrades", 10),
    _endpoint("orders", "allOrders", 200),
    Endpoint("isolated.interest/1", MARGIN_INTEREST.path, "wallet", host="spot"),
    {"isIsolated": "TRUE"},
)
_OWN = "ISOLATED_MARGIN"
_OTHERS = {
    "SPOT": "spot",
    "CROSS_MARGIN": "margin",
    "MARGIN": "margin",
    "FUNDING": "funding",
    "FUTURES": "usdm",
    "DELIVERY": "coinm",
    "OPTION": "options",
    "FIAT": "fiat",
    "MINING": "mining",
}
_TOLD_BY_ACCOUNTS = frozenset({"MOTHER_SPOT", "SUB_SPOT", "SUB_MARGIN"})
"""Places in a master's or a sub-account's wallets: the transfers between these tell both sides."""
_SECONDS = 10
"""Digits of an instant in seconds; the venue's transfers have some."""


def state(client: BinanceClient, pairs: set[str]) -> list[Step]:
    """What the pairs hold and owe; they are added to ``pairs``. None counts where they are worth nothing."""

    async def ask() -> Pages:
        payload = await client.get(ACCOUNT)
        found = {row.text("symbol") for row in read_json(payload.body).field("assets").items()}
        pairs.update(found)
        if found:
            return Pages((payload,))
        return Pages((payload, await worth_nothing(client, "Isolated Margin")))

    return [(ACCOUNT.name, ask())]


def past(asker: Asker, pairs: set[str]) -> list[Step]:
    """Interest and transfers of each pair; its trades are asked for as those of cross margin."""
    interest = History(LENDING.interest, interest_row)
    moved = History(_TRANSFERS, _transfer_row, pending=_under_way)
    return [
        step
        for pair in sorted(pairs)
        for step in (asker.history(interest, isolatedSymbol=pair), asker.history(moved, isolatedSymbol=pair))
    ]


def _transfer_row(node: Node) -> Row:
    return Row(_at(node), node.text("txId"))


def _under_way(row: Node) -> bool:
    return row.text("status") not in ("CONFIRMED", "FAILED")


def _at(row: Node) -> datetime:
    digits = row.text("timestamp")
    if digits.isascii() and digits.isdigit() and len(digits) <= _SECONDS:
        return datetime.fromtimestamp(int(digits), UTC)
    return row.instant("timestamp")


def account(reading: Reading, document: Node) -> None:
    """What is free and locked in all pairs, less what they owe."""
    held: dict[AssetId, tuple[Decimal, Decimal]] = {}
    for pair in document.field("assets").items():
        for row in (pair.field("baseAsset"), pair.field("quoteAsset")):
            free, locked = row.decimal("free"), row.decimal("locked")
            owed = row.decimal("borrowed") + row.decimal("interest")
            if free or locked or owed:
                asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
                total, bound = held.get(asset, (ZERO, ZERO))
                held[asset] = (total + free + locked - owed, bound + locked)
    lines = (BalanceLine(asset, *held[asset]) for asset in sorted(held))
    reading.snapshot(WALLET, BalanceSnapshot(WALLET, tuple(lines)))


def transfers(reading: Reading, document: Node) -> None:
    """What came from another wallet or went there, with the other side where that wallet does not tell it."""
    rows = document.maybe("rows")
    for row in rows.items() if rows is not None else ():
        came = row.text("type") == "ROLL_IN"
        other = row.text_or("transFrom" if came else "transTo", "SPOT")
        if row.text("status") != "CONFIRMED" or other == _OWN or other in _TOLD_BY_ACCOUNTS:
            continue
        if other not in _OTHERS:
            raise row.wrong(f"the other wallet is {other[:40]!r}, which is not known")
        at, wallet = _at(row), _OTHERS[other]
        amount = Amount(row.decimal("amount"), reading.asset(row.text("asset"), at))
        name, moved = f"isolated-transfer:{row.text('txId')}", amount if came else -amount
        reading.state(name, at, Transfer(WALLET, moved, TransferKind.INTERNAL, wallet))
        if wallet in TOLD_HERE:
            reading.state(f"{name}:{wallet}", at, Transfer(wallet, -moved, TransferKind.INTERNAL, WALLET))
