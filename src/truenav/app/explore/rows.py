"""The lines of a fund as columns for a pivot: display figures, in floats, for looking and not for adding up.

Exact figures are at the other endpoints; nothing here is stored or computed with.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from truenav.access.masking import MASKED
from truenav.calc.nav.breakdown import look_through
from truenav.calc.nav.context import prepare
from truenav.calc.nav.model import LineKind, NavInputs, NavLine, NavResult
from truenav.core.account import Account, AccountKind
from truenav.core.asset import AssetBook
from truenav.core.facts import CashFlow, CashKind
from truenav.core.ids import InstrumentId, NodeId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ONE, AssetId, exact

if TYPE_CHECKING:
    import polars as pl

TEXTS = ("id", "fund", "strategy", "account", "venue", "chain", "asset", "product", "side", "coverage")
NUMBERS = ("quantity", "price", "value", "exposure", "pnl", "funding")
COLUMNS = (*TEXTS, "time", *NUMBERS)

_PRODUCTS = {LineKind.BALANCE: "spot", LineKind.MANUAL: "manual", LineKind.HOLDING: "holding"}
_HIDDEN_BY_STRATEGIES = ("strategy",)


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

    def shown(self, masks: Collection[str]) -> dict[str, object]:
        """The columns by name, as far as the masks let them be seen."""
        hidden = _HIDDEN_BY_STRATEGIES if "strategies" in masks else ()
        return {name: MASKED if name in hidden else getattr(self, name) for name in COLUMNS}


def explore_rows(inputs: NavInputs, result: NavResult) -> tuple[ExploreRow, ...]:
    """The lines of the top fund, holdings of other funds looked through."""
    with exact():
        return tuple(_Rows(inputs, result).rows(result))


class _Rows:
    """What the rows of one valuation share."""

    def __init__(self, inputs: NavInputs, result: NavResult) -> None:
        self._nodes = {node.id: node for node in inputs.nodes}
        self._fund_of = prepare(inputs).fund_of
        self._accounts: Mapping[str, Account] = {one.id: one for one in inputs.accounts}
        self._assets = AssetBook(inputs.assets, inputs.aliases)
        self._instruments = InstrumentBook(inputs.instruments).instruments
        self._funding = _funding_of_lines(inputs, result)
        self._seen: dict[str, int] = {}

    def rows(self, result: NavResult) -> Iterator[ExploreRow]:
        for share, line in look_through(result):
            yield self._row(share, line)

    def _row(self, share: Decimal, line: NavLine) -> ExploreRow:
        node = self._nodes.get(line.node)
        fund = self._nodes.get(self._fund_of.get(line.node, line.node))
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
            id=self._id(line),
            fund=fund.name if fund else "",
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
            funding=number(self._funding.get(_line_key(line))),
        )

    def _id(self, line: NavLine) -> str:
        """A short hash, since the names behind it may be hidden; the second leg of a position counts on."""
        key = "\0".join((line.node, line.account, line.wallet, line.kind, line.subject, line.tag or ""))
        self._seen[key] = self._seen.get(key, 0) + 1
        return hashlib.sha256(f"{key}\0{self._seen[key]}".encode()).hexdigest()[:16]


def arrow_stream(rows: Collection[ExploreRow], masks: Collection[str]) -> bytes:
    """The rows as an Arrow IPC stream: dictionary-encoded texts, UTC milliseconds, doubles."""
    import polars as pl

    frame = _frame(rows, masks)
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compat_level=pl.CompatLevel.oldest())
    return buffer.getvalue()


def _frame(rows: Collection[ExploreRow], masks: Collection[str]) -> pl.DataFrame:
    import polars as pl

    hidden = _HIDDEN_BY_STRATEGIES if "strategies" in masks else ()
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


_Key = tuple[str, str, str]


def _line_key(line: NavLine) -> tuple[str, _Key]:
    return line.node, (line.account, line.wallet, line.subject)


def _funding_of_lines(inputs: NavInputs, result: NavResult) -> Mapping[tuple[str, _Key], Decimal]:
    """USD that funding brought each contract since the last NAV, divided among its lines by their size."""
    prices = {
        line.subject: line.price_usd
        for fund in result.funds
        for line in fund.lines
        if line.kind is LineKind.BALANCE and line.price_usd is not None
    }
    paid: dict[_Key, Decimal] = {}
    for fact in inputs.facts:
        match fact.body:
            case CashFlow(kind=CashKind.FUNDING, instrument=instrument, amount=amount) as flow if instrument:
                if (price := prices.get(amount.asset)) is not None:
                    key = (fact.account, flow.wallet, str(instrument))
                    paid[key] = paid.get(key, Decimal(0)) + amount.number * price
            case _:
                pass
    sizes: dict[_Key, Decimal] = {}
    lines = [line for fund in result.funds for line in fund.lines if line.kind is LineKind.POSITION]
    for line in lines:
        key = _line_key(line)[1]
        sizes[key] = sizes.get(key, Decimal(0)) + abs(line.quantity)
    return {
        _line_key(line): paid[key] * abs(line.quantity) / sizes[key]
        for line in lines
        if (key := _line_key(line)[1]) in paid and sizes[key]
    }
