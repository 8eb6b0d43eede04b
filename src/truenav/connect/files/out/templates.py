"""truenav's own templates: what these files state, imported elsewhere, gives equal books.

A template holds less than a fact can (one fee of a trade, a transfer's fee in its own asset); what is left
over becomes a cash flow beside it, so that every quantity moves as it did.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, groupby

from truenav.connect.files.out.cells import csv_lines, neutral
from truenav.connect.files.out.journal import Journal
from truenav.connect.files.templates import TEMPLATES
from truenav.core.asset import BUILTIN_ASSETS
from truenav.core.canonical import encode
from truenav.core.clock import instant_text
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    CashKind,
    Fact,
    PositionSnapshot,
    Settlement,
    Trade,
    Transfer,
)
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ZERO, Amount, AssetId, exact, to_text
from truenav.core.names import NAME_LENGTH

Row = dict[str, str]
Cash = tuple[CashKind, Amount]


def own_files(journal: Journal) -> Iterator[tuple[str, Iterator[str]]]:
    """One file for each template, then the assets and instruments that an empty installation must know."""
    writer = _Writer(journal)
    for name, rows in writer.tables.items():
        columns = [column.name for column in TEMPLATES[name].columns]
        yield f"{name}.csv", csv_lines(columns, ([row.get(one, "") for one in columns] for row in rows()))
    for name, found in (("assets", writer.new_assets()), ("instruments", writer.used_instruments())):
        if found:
            yield f"{name}.json", (json.dumps(encode(one), ensure_ascii=False) + "\n" for one in found)


@dataclass(slots=True)
class _Writer:
    """Rows of each template; notes which assets and instruments they name."""

    journal: Journal
    assets: set[AssetId] = field(default_factory=set)
    instruments: set[InstrumentId] = field(default_factory=set)

    @property
    def tables(self) -> dict[str, Callable[[], Iterator[Row]]]:
        return {
            "accounts": self.accounts,
            "balances": self.balances,
            "positions": self.positions,
            "trades": self.trades,
            "transfers": self.transfers,
            "cash_flows": self.cash_flows,
            "settlements": self.settlements,
        }

    def new_assets(self) -> Sequence[object]:
        """Assets that not every installation knows."""
        known = self.journal.assets.assets
        for terms in self.used_instruments():
            self.assets |= {terms.base, terms.quote, terms.settle}
        new = self.assets - {asset.id for asset in BUILTIN_ASSETS}
        return [known[one] for one in sorted(new) if one in known]

    def used_instruments(self) -> Sequence[Instrument]:
        """Every version of the terms of the instruments that were named."""
        return [one for one in self.journal.instruments.versions if one.id in self.instruments]

    def accounts(self) -> Iterator[Row]:
        for one in self.journal.accounts:
            yield {
                "account": one.id,
                "name": neutral(one.name),
                "venue": neutral(one.venue),
                "kind": one.kind,
                "wallets": " ".join(one.wallets),
            }

    def balances(self) -> Iterator[Row]:
        for fact in self._snapshots(BalanceSnapshot.TAG):
            assert isinstance(fact.body, BalanceSnapshot)
            lines: dict[AssetId, tuple[Decimal, Decimal]] = {}
            with exact():
                for line in fact.body.lines:
                    total, locked = lines.get(line.asset, (ZERO, ZERO))
                    lines[line.asset] = (total + line.total, locked + line.locked)
            if not lines:  # a wallet that is known to be empty needs a row to be known
                lines[self._any_asset()] = (ZERO, ZERO)
            for asset, (total, locked) in lines.items():
                yield {
                    **_snapshot_cells(fact, fact.body.wallet),
                    "asset": self._asset(asset),
                    "amount": to_text(total),
                    "locked": to_text(locked),
                }

    def positions(self) -> Iterator[Row]:
        for fact in self._snapshots(PositionSnapshot.TAG):
            assert isinstance(fact.body, PositionSnapshot)
            for line in fact.body.lines:
                yield {
                    **_snapshot_cells(fact, fact.body.wallet),
                    "instrument": self._instrument(line.instrument),
                    "quantity": to_text(line.quantity),
                    "entry_price": to_text(line.entry_price),
                    "delta": "" if line.delta is None else to_text(line.delta),
                }
            if not fact.body.lines and self.journal.instruments.versions:
                yield {
                    **_snapshot_cells(fact, fact.body.wallet),
                    "instrument": self._instrument(self.journal.instruments.versions[0].id),
                    "quantity": "0",
                    "entry_price": "0",
                }

    def trades(self) -> Iterator[Row]:
        for fact in self.journal.facts((Trade.TAG,)):
            assert isinstance(fact.body, Trade)
            if fact.body.quantity:
                yield self._split(fact, fact.body)[0]

    def transfers(self) -> Iterator[Row]:
        for fact in self.journal.facts((Transfer.TAG,)):
            assert isinstance(fact.body, Transfer)
            moved = fact.body.amount
            if not moved.number:
                continue
            fee = fact.body.fee
            yield {
                **_event_cells(fact, fact.body.wallet),
                "direction": "in" if moved.number > 0 else "out",
                "asset": self._asset(moved.asset),
                "amount": to_text(_size(moved.number)),
                "fee": to_text(_size(fee.number)) if fee is not None and _fits(fact.body) else "0",
                "kind": fact.body.kind,
                "counterpart": neutral(fact.body.counterpart),
                "transaction": neutral(fact.body.txid),
            }

    def cash_flows(self) -> Iterator[Row]:
        for fact in self.journal.facts((CashFlow.TAG, Trade.TAG, Transfer.TAG)):
            match fact.body:
                case CashFlow(wallet, kind, amount, instrument):
                    yield self._cash(_event_cells(fact, wallet), kind, amount, instrument)
                case Trade():
                    _, rest = self._split(fact, fact.body)
                    yield from self._beside(fact, fact.body.wallet, rest, fact.body.instrument)
                case Transfer(wallet, amount, _, _, _, fee):
                    if fee is not None and not (_fits(fact.body) and amount.number):
                        yield from self._beside(fact, wallet, [(CashKind.FEE, fee)], None)

    def settlements(self) -> Iterator[Row]:
        for fact in self.journal.facts((Settlement.TAG,)):
            assert isinstance(fact.body, Settlement)
            yield {
                **_event_cells(fact, fact.body.wallet),
                "instrument": self._instrument(fact.body.instrument),
                "quantity": to_text(fact.body.quantity),
                "price": to_text(fact.body.price),
                "asset": self._asset(fact.body.cash.asset),
                "cash": to_text(fact.body.cash.number),
            }

    def _split(self, fact: Fact, trade: Trade) -> tuple[Row, list[Cash]]:
        """The row of a trade, and what of its cash the row cannot hold."""
        terms = self.journal.instruments.get(trade.instrument, fact.occurred_at)
        paid_at_once = terms.kind in (InstrumentKind.SPOT, InstrumentKind.OPTION)
        currency = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
        cost, realised, fees = trade.cost, trade.realised, list(trade.fees)
        row = {
            **_event_cells(fact, trade.wallet),
            "instrument": self._instrument(trade.instrument),
            "side": "buy" if trade.quantity > 0 else "sell",
            "quantity": to_text(_size(trade.quantity)),
            "price": to_text(trade.price),
            "cost": "0" if paid_at_once else "",
            "order_id": neutral(trade.order_id),
            "tag": neutral(trade.tag or ""),
        }
        if not trade.quantity:  # a fill of nothing has no row, but it may have moved cash
            return row, [*_realised(cost, realised), *_paid(fees)]
        opposite = cost is not None and (cost.number > 0) != (trade.quantity > 0)
        if cost is not None and paid_at_once and cost.asset == currency and (opposite or not cost.number):
            row["cost"], cost = to_text(_size(cost.number)), None
        if realised is not None and not paid_at_once and realised.asset == terms.settle:
            row["realised"], realised = to_text(realised.number) if realised.number else "", None
        if fees:
            first = fees.pop(0)
            row["fee"], row["fee_asset"] = to_text(first.number.copy_negate()), self._asset(first.asset)
        return row, [*_realised(cost, realised), *_paid(fees)]

    def _beside(
        self,
        fact: Fact,
        wallet: str,
        rest: Iterable[Cash],
        instrument: InstrumentId | None,
    ) -> Iterator[Row]:
        cells = _event_cells(fact, wallet)
        for number, (kind, amount) in enumerate(rest, 1):
            name = f"{fact.kind}/{cells['external_id']}/{number}"
            yield self._cash({**cells, "external_id": _short(fact, name, number)}, kind, amount, instrument)

    def _cash(self, cells: Row, kind: CashKind, amount: Amount, instrument: InstrumentId | None) -> Row:
        return {
            **cells,
            "kind": kind,
            "asset": self._asset(amount.asset),
            "amount": to_text(amount.number),
            "instrument": "" if instrument is None else self._instrument(instrument),
        }

    def _snapshots(self, kind: str) -> Iterator[Fact]:
        """Of each wallet and instant the snapshot that counts."""
        since = self.journal.since
        opening = (one for one in self.journal.opening if one.kind == kind and one.occurred_at == since)
        every = chain(opening, self.journal.facts((kind,)))
        for _, together in groupby(every, key=lambda one: one.occurred_at):
            last: dict[tuple[str, str], Fact] = {}
            for fact in sorted(together, key=lambda one: (one.external_id, one.source)):
                last[fact.account, getattr(fact.body, "wallet", "")] = fact
            yield from last.values()

    def _asset(self, asset: AssetId) -> str:
        self.assets.add(asset)
        return asset

    def _instrument(self, instrument: InstrumentId) -> str:
        self.instruments.add(instrument)
        return instrument

    def _any_asset(self) -> AssetId:
        return next(iter(self.journal.assets.assets))


def _snapshot_cells(fact: Fact, wallet: str) -> Row:
    return {"account": fact.account, "as_of": instant_text(fact.occurred_at), "wallet": wallet}


def _event_cells(fact: Fact, wallet: str) -> Row:
    """Account, id, time and wallet; an id is one within its source, so it takes the source's name along."""
    own = fact.source == f"file:{_TEMPLATE[fact.kind]}"
    name = fact.external_id if own else f"{fact.source}/{fact.external_id}"
    return {
        "account": fact.account,
        "external_id": _short(fact, name),
        "occurred_at": instant_text(fact.occurred_at),
        "wallet": wallet,
    }


_TEMPLATE = {
    Trade.TAG: "trades",
    Transfer.TAG: "transfers",
    CashFlow.TAG: "cash_flows",
    Settlement.TAG: "settlements",
}


def _short(fact: Fact, name: str, number: int = 0) -> str:
    """A name that a cell may hold; else the fact's hash, which is one as well."""
    text = neutral(name)
    if text.strip() == text and 0 < len(text) <= NAME_LENGTH and text.isprintable():
        return text
    return f"{fact.content_hash}/{number}" if number else fact.content_hash


def _fits(transfer: Transfer) -> bool:
    """Whether the transfer's fee is one that its row can hold: paid, in the same asset."""
    fee = transfer.fee
    return fee is not None and fee.asset == transfer.amount.asset and fee.number <= 0


def _realised(*amounts: Amount | None) -> Iterator[Cash]:
    return ((CashKind.REALISED, one) for one in amounts if one is not None)


def _paid(fees: Iterable[Amount]) -> Iterator[Cash]:
    return ((CashKind.FEE, one) for one in fees)


def _size(number: Decimal) -> Decimal:
    """The absolute value, digit by digit."""
    return number.copy_abs()
