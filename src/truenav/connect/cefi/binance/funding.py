"""Binance's funding wallet: what it holds, and its deposits and withdrawals."""

from __future__ import annotations

from dataclasses import replace

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance import history
from truenav.connect.cefi.binance.client import DEPOSITS, WITHDRAWALS, BinanceClient
from truenav.connect.cefi.binance.overview import worth_nothing
from truenav.connect.cefi.binance.rows import utc_time
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.document import Node, read_json
from truenav.connect.gathering import Pages, Step
from truenav.connect.reading import Reading
from truenav.core.facts import BalanceLine, BalanceSnapshot, Transfer, TransferKind
from truenav.core.money import ZERO, Amount

WALLET = "funding"
ACCOUNT = Endpoint("funding.account/1", "/sapi/v1/asset/get-funding-asset", "wallet", host="spot")
FUNDING_DEPOSITS = replace(DEPOSITS, name="funding.deposits/1", budget="wallet")
FUNDING_WITHDRAWALS = replace(WITHDRAWALS, name="funding.withdrawals/1", budget="wallet")
WALLET_TYPES = {"spot": "0", WALLET: "1"}
"""Which wallet a deposit reached or a withdrawal left, as the venue numbers them; spot where it says none."""


def state(client: BinanceClient) -> list[Step]:
    """What the wallet holds; that it holds nothing counts only where it is worth nothing, too."""

    async def ask() -> Pages:
        payload = await client.post(ACCOUNT)
        if list(read_json(payload.body).items()):
            return Pages((payload,))
        return Pages((payload, await worth_nothing(client, "Funding")))

    return [(ACCOUNT.name, ask())]


def past(asker: Asker) -> list[Step]:
    """Deposits and withdrawals; transfers are all wallets'."""
    return [
        (one.name, history.movements(asker.client, one, asker.cursors.get(one.name), asker.since))
        for one in (FUNDING_DEPOSITS, FUNDING_WITHDRAWALS)
    ]


def account(reading: Reading, document: Node) -> None:
    """All that is the owner's; what is being withdrawn still is, and leaves when the withdrawal is done."""
    lines = []
    for row in document.items():
        free = row.decimal("free")
        bound = sum((row.decimal_or(name, ZERO) for name in ("locked", "freeze", "withdrawing")), ZERO)
        if free or bound:
            asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
            lines.append(BalanceLine(asset, free + bound, bound))
    cash = tuple(sorted(lines, key=lambda line: line.asset))
    reading.snapshot(WALLET, BalanceSnapshot(WALLET, cash))


def deposits(reading: Reading, document: Node, wallet: str) -> None:
    """What reached a wallet from outside, once it is credited."""
    for row in document.items():
        if row.text("status") not in ("1", "6") or not _of(row, wallet):
            continue
        at = row.instant("insertTime")
        amount = Amount(row.decimal("amount"), reading.asset(row.text("coin"), at))
        body = Transfer(wallet, amount, TransferKind.EXTERNAL, row.text_or("address"), row.text_or("txId"))
        reading.state(f"deposit:{row.text('id')}", at, body)


def withdrawals(reading: Reading, document: Node, wallet: str) -> None:
    """What left a wallet: spot when it was asked for, funding when it was done."""
    for row in document.items():
        if row.text("status") != "6" or not _of(row, wallet):
            continue
        done = wallet == WALLET and row.text_or("completeTime")
        at = utc_time(row, "completeTime" if done else "applyTime")
        asset = reading.asset(row.text("coin"), at)
        fee = row.decimal_or("transactionFee", ZERO)
        body = Transfer(
            wallet=wallet,
            amount=Amount(-row.decimal("amount"), asset),
            kind=TransferKind.EXTERNAL,
            counterpart=row.text_or("address"),
            txid=row.text_or("txId"),
            fee=Amount(-fee, asset) if fee else None,
        )
        reading.state(f"withdrawal:{row.text('id')}", at, body)


def _of(row: Node, wallet: str) -> bool:
    return row.text_or("walletType", WALLET_TYPES["spot"]) == WALLET_TYPES[wallet]
