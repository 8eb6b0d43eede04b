"""The lines of a fund as columns for a pivot: display figures, in floats, for looking and not for adding up.

Exact figures are at the other endpoints; nothing here is stored or computed with.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from truenav.access.masking import MASKED
from truenav.calc.nav.breakdown import shares_owned
from truenav.calc.nav.model import LineKind, NavInputs, NavLine
from truenav.calc.nav.valuation import Valuation
from truenav.core.account import Account, AccountKind
from truenav.core.facts import CashFlow, CashKind
from truenav.core.ids import InstrumentId, NodeId
from truenav.core.money import ONE, ZERO, AssetId, exact, rounded

if TYPE_CHECKING:
    import polars as pl

TEXTS = ("id", "fund", "strategy", "account", "venue", "chain", "asset", "product", "side", "coverage")
NUMBERS = ("quantity", "price", "value", "exposure", "pnl", "funding")
COLUMNS = (*TEXTS, "time", *NUMBERS)

_PRODUCTS = {LineKind.BALANCE: "spot", LineKind.MANUAL: "manual", LineKind.HOLDING: "holding"}
_HIDDEN_BY_STRATEGIES = ("strategy",)
_SHARE_PLACES = 12


class ExploreRow(NamedTuple):
    """One line; a tuple, since a hundred thousand of them are made at once.

    ``id`` stays the same from one valuation to the next. Numbers None: unknown. ``price``, ``value``,
    ``exposure``, ``pnl`` and ``funding`` are in USD, of the share that the top fund owns; ``funding`` is what
    the contract brought since the last published NAV.
    """

    node: NodeId
    id: str
    fund: str
    strategy: str
    account: str
    venue: str
    chain: str
    asset: str
    product: str
    side: str
    coverage: str
    time: datetime | None
    quantity: float
    price: float | None
    value: float | None
    exposure: float | None
    pnl: float | None
    funding: float | None

    def shown(self, hidden: Collection[str]) -> dict[str, object]:
        """The columns by name, some of them hidden."""
        return {name: MASKED if name in hidden else getattr(self, name) for name in COLUMNS}


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one valuation, in the order of its lines, by the funds that the top fund owns a share of.

    A row that is the same in the valuation before is the same object; a holding, which is looked through,
    has None.
    """

    as_of: datetime
    by_fund: Mapping[NodeId, tuple[ExploreRow | None, ...]]
    _shares: Mapping[NodeId, Decimal]
    _lines: Mapping[NodeId, tuple[NavLine, ...]]
    _names: _Names
    _prices: Mapping[str, Decimal]

    @property
    def all(self) -> list[ExploreRow]:
        """Every row."""
        return [row for rows in self.by_fund.values() for row in rows if row is not None]

    @classmethod
    def of(cls, valuation: Valuation, before: Rows | None = None) -> Rows:
        """The rows of a valuation; of one that was repriced, made from those ``before`` it."""
        names = before._names if before and before._names.run is valuation.run.funds else _Names(valuation)
        known = before if before and before._names is names else None
        owned = shares_owned(valuation.result)
        # A share is a quotient of rounded figures: its last digits move with every mark, and mean nothing.
        shares = {fund: rounded(share, _SHARE_PLACES) for fund, share in owned.items()}
        lines = {one.fund: one.lines for one in valuation.result.funds if shares[one.fund]}
        prices = names.funding_prices(lines.values())
        by_fund = {}
        with exact():
            for fund, present in lines.items():
                new: Iterable[int] = range(len(present))
                rows: list[ExploreRow | None] = [None] * len(present)
                if known is not None and known._shares.get(fund) == shares[fund]:
                    rows = list(known.by_fund[fund])
                    new = names.touched(fund, known._lines[fund], present, known._prices, prices)
                for place in new:
                    row = names.row(fund, place, shares[fund], present[place], prices)
                    rows[place] = rows[place] if rows[place] == row else row
                by_fund[fund] = tuple(rows)
        return cls(valuation.inputs.as_of, by_fund, shares, lines, names, prices)

    def differences(self, before: Rows) -> Mapping[str, Difference]:
        """What is not as it was, by id of the row."""
        if before._names is self._names and before.by_fund.keys() == self.by_fund.keys():
            pairs = (
                (old, new)
                for fund, rows in self.by_fund.items()
                for old, new in zip(before.by_fund[fund], rows, strict=True)
                if old is not new
            )
            return {new.id: (old, new) for old, new in pairs if new is not None and old != new}
        known, present = {row.id: row for row in before.all}, {row.id: row for row in self.all}
        return {
            id: (known.get(id), present.get(id))
            for id in known.keys() | present.keys()
            if known.get(id) != present.get(id)
        }


Difference = tuple[ExploreRow | None, ExploreRow | None]
"""A row as it was and as it is; None: there was or is none."""


class _Names:
    """What the rows of one run share, whatever its prices."""

    def __init__(self, valuation: Valuation) -> None:
        inputs, context = valuation.inputs, valuation.run.context
        self.run = valuation.run.funds
        self._nodes = {node.id: node for node in inputs.nodes}
        self._fund_of = context.fund_of
        self._accounts: Mapping[str, Account] = {one.id: one for one in inputs.accounts}
        self._assets = context.assets
        self._instruments = context.instruments.instruments
        self._funding = _funding(inputs)
        self._sizes, self._earning = _sizes(valuation, self._funding)
        self._ids = {fund.fund: tuple(_ids(fund.lines)) for fund in valuation.result.funds}

    def funding_prices(self, lines: Iterable[tuple[NavLine, ...]]) -> Mapping[str, Decimal]:
        """USD for one unit of each asset that funding was paid in."""
        wanted = {asset for paid in self._funding.values() for asset in paid}
        if not wanted:
            return {}
        return {
            line.subject: line.price_usd
            for some in lines
            for line in some
            if line.subject in wanted and line.kind is LineKind.BALANCE and line.price_usd is not None
        }

    def touched(
        self,
        fund: NodeId,
        before: tuple[NavLine, ...],
        lines: tuple[NavLine, ...],
        prices_before: Mapping[str, Decimal],
        prices: Mapping[str, Decimal],
    ) -> Iterable[int]:
        """The places of a fund whose rows may not be what they were."""
        found = {place for place, (old, new) in enumerate(zip(before, lines, strict=True)) if old is not new}
        if prices != prices_before:
            found |= self._earning.get(fund, set())
        return found

    def row(
        self, fund: NodeId, place: int, share: Decimal, line: NavLine, prices: Mapping[str, Decimal]
    ) -> ExploreRow | None:
        """One line as a row; None for a holding. Under ``exact()``."""
        if line.kind is LineKind.HOLDING:
            return None
        node = self._nodes.get(line.node)
        owner = self._nodes.get(self._fund_of.get(line.node, line.node))
        account = self._accounts.get(line.account)
        terms = self._instruments.get(InstrumentId(line.subject))
        position = line.kind is LineKind.POSITION and terms is not None
        base = terms.base if position and terms else AssetId(line.subject)
        sign = line.exposure_usd if line.exposure_usd is not None else line.quantity
        whole = share == ONE

        def number(usd: Decimal | None) -> float | None:
            return None if usd is None else float(usd if whole else share * usd)

        return ExploreRow(
            node=line.node,
            id=self._ids[fund][place],
            fund=owner.name if owner else "",
            strategy=node.name if node else "",
            account=account.name if account else "",
            venue=account.venue if account else "",
            chain=_chain(account, line.subject),
            asset=self._assets.symbol(base),
            product=terms.kind if position and terms else _PRODUCTS.get(line.kind, line.kind),
            side="short" if sign < 0 else "long",
            coverage=line.coverage or "",
            time=line.snapshot_at,
            quantity=float(line.quantity if whole else share * line.quantity),
            price=None if line.price_usd is None else float(line.price_usd),
            value=number(line.value_usd),
            exposure=number(line.exposure_usd),
            pnl=number(line.unrealised_usd),
            funding=number(self._funding_of(line, prices)),
        )

    def _funding_of(self, line: NavLine, prices: Mapping[str, Decimal]) -> Decimal | None:
        """USD that funding brought the contract since the last NAV, its line's part by size."""
        key = (line.account, line.wallet, line.subject)
        size = self._sizes.get(key)
        if line.kind is not LineKind.POSITION or not size:
            return None
        paid = [number * prices[asset] for asset, number in self._funding[key].items() if asset in prices]
        return sum(paid, ZERO) * abs(line.quantity) / size if paid else None


_Key = tuple[str, str, str]
"""Account, wallet and contract."""


def _funding(inputs: NavInputs) -> Mapping[_Key, Mapping[str, Decimal]]:
    """What funding brought each contract since the last NAV, by asset."""
    paid: dict[_Key, dict[str, Decimal]] = {}
    with exact():
        for fact in inputs.facts:
            match fact.body:
                case CashFlow(kind=CashKind.FUNDING, instrument=str() as instrument, amount=amount) as flow:
                    by_asset = paid.setdefault((fact.account, flow.wallet, instrument), {})
                    by_asset[amount.asset] = by_asset.get(amount.asset, ZERO) + amount.number
                case _:
                    pass
    return paid


def _sizes(
    valuation: Valuation, funding: Mapping[_Key, object]
) -> tuple[Mapping[_Key, Decimal], Mapping[NodeId, set[int]]]:
    """The size of each contract that earned or paid funding, and the places of its lines."""
    sizes: dict[_Key, Decimal] = {}
    places: dict[NodeId, set[int]] = {}
    with exact():
        for fund in valuation.result.funds:
            for place, line in enumerate(fund.lines):
                key = (line.account, line.wallet, line.subject)
                if line.kind is LineKind.POSITION and key in funding:
                    sizes[key] = sizes.get(key, ZERO) + abs(line.quantity)
                    places.setdefault(fund.fund, set()).add(place)
    return sizes, places


def _ids(lines: Iterable[NavLine]) -> Iterator[str]:
    """Short hashes, since the names behind them may be hidden; the second leg of a position counts on."""
    seen: dict[str, int] = {}
    for line in lines:
        key = "\0".join((line.node, line.account, line.wallet, line.kind, line.subject, line.tag or ""))
        seen[key] = seen.get(key, 0) + 1
        yield hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:16]


def hidden_columns(masks: Collection[str]) -> tuple[str, ...]:
    """The columns that these masks do not let be seen."""
    return _HIDDEN_BY_STRATEGIES if "strategies" in masks else ()


def arrow_stream(rows: Collection[ExploreRow], masks: Collection[str]) -> bytes:
    """The rows as an Arrow IPC stream: dictionary-encoded texts, UTC milliseconds, doubles."""
    import polars as pl

    frame = _frame(rows, masks)
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compat_level=pl.CompatLevel.oldest())
    return buffer.getvalue()


def _frame(rows: Collection[ExploreRow], masks: Collection[str]) -> pl.DataFrame:
    import polars as pl

    hidden = hidden_columns(masks)
    columns: dict[str, pl.Series] = {}
    found = dict(zip(ExploreRow._fields, zip(*rows, strict=True), strict=True)) if rows else {}
    for name in COLUMNS:
        values = [MASKED] * len(rows) if name in hidden else found.get(name, ())
        if name == "id":
            columns[name] = pl.Series(name, values, pl.String)
        elif name in TEXTS:
            columns[name] = pl.Series(name, values, pl.Categorical)
        else:
            columns[name] = pl.Series(
                name, values, pl.Datetime("ms", "UTC") if name == "time" else pl.Float64
            )
    return pl.DataFrame(columns)


def _chain(account: Account | None, subject: str) -> str:
    """The chain of an asset in a wallet, ``eip155:1``; elsewhere the venue keeps the books."""
    if account is None or account.kind is not AccountKind.WALLET:
        return ""
    chain, slash, _ = subject.partition("/")
    return chain if slash else ""
