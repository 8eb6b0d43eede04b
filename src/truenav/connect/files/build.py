"""Rows of each template as facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from truenav.connect.files.rows import Cells, Converter, RefusedCell
from truenav.connect.reading import tag_of
from truenav.core.account import Account, AccountKind
from truenav.core.clock import instant_text
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    Body,
    CashFlow,
    CashKind,
    Dealing,
    DealingKind,
    Fact,
    NavRecord,
    PositionLine,
    PositionSnapshot,
    Quote,
    QuoteKind,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.ids import AccountId, NodeId, Sha256, ShareClassId, parse_slug
from truenav.core.instrument import InstrumentKind
from truenav.core.money import ZERO, Amount

Wallet = tuple[str, datetime, str]
"""Account, instant and wallet of one snapshot."""


@dataclass(slots=True)
class Builder:
    """Turns cells into facts; snapshots are collected until the file ends."""

    template: str
    evidence: Sha256
    converter: Converter
    facts: list[Fact] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    balances: dict[Wallet, list[BalanceLine]] = field(default_factory=dict)
    positions: dict[Wallet, list[PositionLine]] = field(default_factory=dict)

    def add(self, cells: Cells) -> None:
        """One row. Raises ``RefusedCell`` where its cells contradict each other."""
        _BUILD[self.template](self, cells)

    def drain(self) -> list[Fact]:
        """The facts so far, which are then forgotten here."""
        facts, self.facts = self.facts, []
        return facts

    def finish(self) -> tuple[Fact, ...]:
        """The facts that were not drained, and the snapshots of the whole file."""
        for (account, at, wallet), balances in self.balances.items():
            balances.sort(key=lambda line: line.asset)
            self._snapshot(account, at, wallet, BalanceSnapshot(wallet, tuple(balances)))
        for (account, at, wallet), positions in self.positions.items():
            positions.sort(key=lambda line: line.instrument)
            self._snapshot(account, at, wallet, PositionSnapshot(wallet, tuple(positions)))
        return tuple(self.facts)

    def state(self, account: str, external_id: str, at: datetime, body: Body) -> None:
        """Add one fact."""
        self.facts.append(Fact(f"file:{self.template}", account, external_id, at, body, self.evidence))

    def _snapshot(self, account: str, at: datetime, wallet: str, body: Body) -> None:
        self.state(account, f"{wallet}@{instant_text(at)}", at, body)


def identity(template: str, cells: Cells) -> tuple[object, ...]:
    """What makes a row the same event as another row of its file."""
    return tuple(cells[name] for name in _IDENTITY[template])


_IDENTITY: Mapping[str, tuple[str, ...]] = {
    "accounts": ("account",),
    "balances": ("account", "as_of", "wallet", "asset"),
    "positions": ("account", "as_of", "wallet", "instrument"),
    "trades": ("account", "external_id"),
    "transfers": ("account", "external_id"),
    "cash_flows": ("account", "external_id"),
    "settlements": ("account", "external_id"),
    "prices": ("at", "base", "quote", "kind"),
    "nav": ("fund", "share_class", "as_of"),
    "dealings": ("fund", "external_id"),
}


def _account(builder: Builder, cells: Cells) -> None:
    builder.accounts.append(
        Account(
            id=AccountId(parse_slug(cells["account"], what="account")),
            name=cells["name"],
            venue=cells["venue"],
            kind=AccountKind(cells["kind"]),
            wallets=tuple(cells["wallets"].split()),
        )
    )


def _balance(builder: Builder, cells: Cells) -> None:
    lines = builder.balances.setdefault((cells["account"], cells["as_of"], cells["wallet"]), [])
    if cells["amount"]:
        lines.append(BalanceLine(cells["asset"], cells["amount"], cells["locked"]))


def _position(builder: Builder, cells: Cells) -> None:
    lines = builder.positions.setdefault((cells["account"], cells["as_of"], cells["wallet"]), [])
    if cells["quantity"]:
        lines.append(
            PositionLine(cells["instrument"], cells["quantity"], cells["entry_price"], cells["delta"])
        )


def _trade(builder: Builder, cells: Cells) -> None:
    terms = builder.converter.terms(cells["instrument"])
    sign = 1 if cells["side"] == "buy" else -1
    quantity, price, tag = sign * cells["quantity"], cells["price"], cells["tag"]
    paid_at_once = terms.kind in (InstrumentKind.SPOT, InstrumentKind.OPTION)
    if cells["realised"] is not None and paid_at_once:
        raise RefusedCell("a spot or option trade has no realised profit of its own", "Empty 'realised'.")
    cost: Decimal = (
        cells["cost"] if cells["cost"] is not None else cells["quantity"] * terms.multiplier * price
    )
    currency = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
    builder.state(
        cells["account"],
        cells["external_id"],
        cells["occurred_at"],
        Trade(
            wallet=cells["wallet"],
            instrument=terms.id,
            quantity=quantity,
            price=price,
            cost=Amount(-sign * cost, currency) if paid_at_once else None,
            realised=None if paid_at_once else Amount(cells["realised"] or ZERO, terms.settle),
            fees=_fee(cells),
            order_id=cells["order_id"] or "",
            tag=(tag_of(tag) or tag) if tag else None,
        ),
    )


def _fee(cells: Cells) -> tuple[Amount, ...]:
    if not cells["fee"]:
        return ()
    if cells["fee_asset"] is None:
        raise RefusedCell("the fee has no asset", "Fill 'fee_asset'.")
    return (Amount(-cells["fee"], cells["fee_asset"]),)


def _transfer(builder: Builder, cells: Cells) -> None:
    sign = 1 if cells["direction"] == "in" else -1
    body = Transfer(
        wallet=cells["wallet"],
        amount=Amount(sign * cells["amount"], cells["asset"]),
        kind=TransferKind(cells["kind"]),
        counterpart=cells["counterpart"] or "",
        txid=cells["transaction"] or "",
        fee=Amount(-cells["fee"], cells["asset"]) if cells["fee"] else None,
    )
    builder.state(cells["account"], cells["external_id"], cells["occurred_at"], body)


def _cash_flow(builder: Builder, cells: Cells) -> None:
    amount = Amount(cells["amount"], cells["asset"])
    body = CashFlow(cells["wallet"], CashKind(cells["kind"]), amount, cells["instrument"])
    builder.state(cells["account"], cells["external_id"], cells["occurred_at"], body)


def _settlement(builder: Builder, cells: Cells) -> None:
    cash = Amount(cells["cash"], cells["asset"])
    body = Settlement(cells["wallet"], cells["instrument"], cells["quantity"], cells["price"], cash)
    builder.state(cells["account"], cells["external_id"], cells["occurred_at"], body)


def _price(builder: Builder, cells: Cells) -> None:
    body = Quote(cells["base"], cells["quote"], QuoteKind(cells["kind"]), cells["price"], cells["volume"])
    name = f"{body.base}/{body.quote}:{body.kind.value}@{instant_text(cells['at'])}"
    builder.state("", name, cells["at"], body)


def _nav(builder: Builder, cells: Cells) -> None:
    fund, share_class = NodeId(cells["fund"]), ShareClassId(cells["share_class"])
    body = NavRecord(fund, share_class, Amount(cells["nav"], cells["currency"]), cells["units"])
    name = f"{share_class}@{instant_text(cells['as_of'])}"
    builder.state(fund, name, cells["as_of"], body)


def _dealing(builder: Builder, cells: Cells) -> None:
    body = Dealing(
        kind=DealingKind(cells["kind"]),
        fund=NodeId(cells["fund"]),
        share_class=ShareClassId(cells["share_class"]),
        investor=cells["investor"],
        units=cells["units"],
        amount=Amount(cells["amount"], cells["currency"]),
    )
    builder.state(cells["fund"], cells["external_id"], cells["occurred_at"], body)


_BUILD: Mapping[str, Callable[[Builder, Cells], None]] = {
    "accounts": _account,
    "balances": _balance,
    "positions": _position,
    "trades": _trade,
    "transfers": _transfer,
    "cash_flows": _cash_flow,
    "settlements": _settlement,
    "prices": _price,
    "nav": _nav,
    "dealings": _dealing,
}
