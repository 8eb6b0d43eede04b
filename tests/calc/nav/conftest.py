"""A small house to strike: build it fact by fact, with round prices and nothing hidden."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.calc.nav.model import FundNav, NavInputs, NavLine, NavResult
from truenav.calc.nav.strike import strike_nav
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BTC, BUILTIN_ALIASES, BUILTIN_ASSETS, ETH, EUR, USD, USDT
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    Body,
    CashFlow,
    CashKind,
    Dealing,
    DealingKind,
    Fact,
    FeePayment,
    ManualItem,
    ManualKind,
    PositionLine,
    PositionSnapshot,
    Quote,
    QuoteKind,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.ids import AccountId, InstrumentId, NodeId, Sha256, ShareClassId
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight, instrument_id
from truenav.core.money import Amount, AssetId
from truenav.core.policy import (
    OWN_QUOTE,
    OWN_VENUE,
    AssetNumeraire,
    NavPolicy,
    PriceSource,
    PricingPolicy,
    PricingRule,
)
from truenav.core.portfolio import ByShare, Node, NodeKind, Selector, ShareClass, SubBookRule

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

PERP = instrument_id("okx", "BTC-USDT-SWAP")
INVERSE = instrument_id("okx", "BTC-USD-SWAP")
CALL = instrument_id("okx", "BTC-USD-260327-60000-C")
SPOT = instrument_id("okx", "BTC-USDT")

INSTRUMENTS = (
    Instrument(PERP, "okx", "BTC-USDT-SWAP", InstrumentKind.PERPETUAL, BTC, USDT, USDT, Decimal(1)),
    Instrument(
        INVERSE, "okx", "BTC-USD-SWAP", InstrumentKind.PERPETUAL, BTC, USD, BTC, Decimal(100), inverse=True
    ),
    Instrument(
        CALL,
        "okx",
        "BTC-USD-260327-60000-C",
        InstrumentKind.OPTION,
        BTC,
        USD,
        BTC,
        Decimal("0.1"),
        expiry_at=datetime(2026, 3, 27, 8, tzinfo=UTC),
        strike=Decimal(60000),
        right=OptionRight.CALL,
    ),
    Instrument(SPOT, "okx", "BTC-USDT", InstrumentKind.SPOT, BTC, USDT, USDT, Decimal(1)),
)

PRICING = PricingPolicy(
    "test",
    (
        PricingRule(
            "asset:iso4217:EUR", (PriceSource("ecb", QuoteKind.FIXING, USD),), 4 * 86_400, 10 * 86_400
        ),
        *(
            PricingRule(f"contract:{kind}", (PriceSource(OWN_VENUE, QuoteKind.MARK, OWN_QUOTE),), 900, 86_400)
            for kind in ("perpetual", "future", "option")
        ),
        PricingRule(
            "*",
            (PriceSource("vendor", QuoteKind.LAST, USD), PriceSource("manual", QuoteKind.MANUAL, USD)),
            900,
            86_400,
        ),
    ),
)


class House:
    """Collects nodes, accounts and facts; ``strike`` computes a NAV of them."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.rules: list[SubBookRule] = []
        self.accounts: list[Account] = []
        self.classes: list[ShareClass] = []
        self.facts: list[Fact] = []
        self.policy = NavPolicy("test")
        self.count = 0

    def node(self, name: str, kind: NodeKind, parent: str | None = None) -> None:
        self.nodes.append(Node(NodeId(name), name, kind, NodeId(parent) if parent else None))

    def fund(self, name: str = "alpha", parent: str | None = None, *, classes: bool = False) -> None:
        self.node(name, NodeKind.FUND, parent)
        if classes:
            self.share_class(f"{name}-a", name)

    def share_class(self, name: str, fund: str, rate: str = "0", currency: AssetId = USD) -> None:
        self.classes.append(ShareClass(ShareClassId(name), NodeId(fund), name, currency, Decimal(rate), 365))

    def account(self, name: str, *rules: tuple[str, Selector], wallets: tuple[str, ...] = ("main",)) -> None:
        self.accounts.append(Account(AccountId(name), name, "okx", AccountKind.EXCHANGE, wallets))
        for rank, (node, selector) in enumerate(rules):
            self.rules.append(SubBookRule(AccountId(name), rank, NodeId(node), selector))

    def whole(self, name: str, node: str, **kwargs: tuple[str, ...]) -> None:
        """An account that belongs to one node."""
        self.account(name, (node, ByShare(Decimal(1))), **kwargs)

    def fact(self, account: str, body: Body, at: datetime, source: str = "okx") -> Fact:
        self.count += 1
        evidence = Sha256(hashlib.sha256(str(self.count).encode()).hexdigest())
        made = Fact(source, account, f"{self.count:06d}", at, body, evidence)
        self.facts.append(made)
        return made

    def balances(
        self, account: str, at: datetime, held: dict[AssetId, str], wallet: str = "main", source: str = "okx"
    ) -> Fact:
        lines = tuple(BalanceLine(asset, Decimal(total)) for asset, total in held.items())
        return self.fact(account, BalanceSnapshot(wallet, lines), at, source)

    def positions(
        self, account: str, at: datetime, *lines: tuple[InstrumentId, str, str], wallet: str = "main"
    ) -> Fact:
        held = tuple(PositionLine(one, Decimal(size), Decimal(entry)) for one, size, entry in lines)
        return self.fact(account, PositionSnapshot(wallet, held), at)

    def prices(self, at: datetime, prices: dict[AssetId, str], source: str = "vendor") -> None:
        for asset, price in prices.items():
            kind = {"ecb": QuoteKind.FIXING, "manual": QuoteKind.MANUAL}.get(source, QuoteKind.LAST)
            self.fact("", Quote(asset, USD, kind, Decimal(price), reason="test"), at, source)

    def mark(self, at: datetime, instrument: InstrumentId, price: str) -> None:
        terms = next(one for one in INSTRUMENTS if one.id == instrument)
        quote = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
        self.fact("", Quote(instrument, quote, QuoteKind.MARK, Decimal(price)), at, "okx")

    def trade(
        self,
        account: str,
        at: datetime,
        instrument: InstrumentId,
        quantity: str,
        price: str,
        *,
        cost: tuple[str, AssetId] | None = None,
        realised: tuple[str, AssetId] | None = None,
        fee: tuple[str, AssetId] | None = None,
        tag: str | None = None,
    ) -> Fact:
        def amount(given: tuple[str, AssetId] | None) -> Amount | None:
            return None if given is None else Amount(Decimal(given[0]), given[1])

        paid = amount(fee)
        body = Trade(
            "main",
            instrument,
            Decimal(quantity),
            Decimal(price),
            amount(cost),
            amount(realised),
            () if paid is None else (paid,),
            "order",
            tag,
        )
        return self.fact(account, body, at)

    def transfer(
        self, account: str, at: datetime, number: str, asset: AssetId, *, internal: bool = False
    ) -> Fact:
        kind = TransferKind.INTERNAL if internal else TransferKind.EXTERNAL
        return self.fact(account, Transfer("main", Amount(Decimal(number), asset), kind), at)

    def cash(
        self,
        account: str,
        at: datetime,
        kind: CashKind,
        number: str,
        asset: AssetId,
        instrument: InstrumentId | None = None,
    ) -> Fact:
        return self.fact(account, CashFlow("main", kind, Amount(Decimal(number), asset), instrument), at)

    def settlement(
        self, account: str, at: datetime, instrument: InstrumentId, quantity: str, price: str, cash: str
    ) -> Fact:
        terms = next(one for one in INSTRUMENTS if one.id == instrument)
        paid = Amount(Decimal(cash), terms.settle)
        return self.fact(account, Settlement("main", instrument, Decimal(quantity), Decimal(price), paid), at)

    def deal(
        self,
        fund: str,
        at: datetime,
        units: str,
        amount: str,
        *,
        share_class: str | None = None,
        investor: str = "investor-1",
        asset: AssetId = USD,
        redeem: bool = False,
    ) -> Fact:
        kind = DealingKind.REDEMPTION if redeem else DealingKind.SUBSCRIPTION
        body = Dealing(
            kind,
            NodeId(fund),
            ShareClassId(share_class or f"{fund}-a"),
            investor,
            Decimal(units),
            Amount(Decimal(amount), asset),
        )
        return self.fact(fund, body, at, "manual")

    def pay_fee(self, fund: str, share_class: str, at: datetime, number: str) -> Fact:
        return self.fact(
            fund, FeePayment(NodeId(fund), ShareClassId(share_class), Amount(Decimal(number), USD)), at
        )

    def manual(
        self,
        node: str,
        at: datetime,
        number: str,
        asset: AssetId = USD,
        kind: ManualKind = ManualKind.OTHER,
        until: datetime | None = None,
    ) -> Fact:
        body = ManualItem(NodeId(node), kind, Amount(Decimal(number), asset), "told so", until)
        return self.fact(node, body, at, "manual")

    def inputs(self, fund: str, as_of: datetime, **changes: object) -> NavInputs:
        made = NavInputs(
            fund=NodeId(fund),
            as_of=as_of,
            known_at=as_of,
            nodes=tuple(self.nodes),
            rules=tuple(self.rules),
            accounts=tuple(self.accounts),
            share_classes=tuple(self.classes),
            assets=BUILTIN_ASSETS,
            aliases=BUILTIN_ALIASES,
            instruments=INSTRUMENTS,
            pricing=PRICING,
            policy=self.policy,
            numeraires=(
                AssetNumeraire("USD", USD),
                AssetNumeraire("BTC", BTC),
                AssetNumeraire("EUR", EUR),
            ),
            facts=tuple(fact for fact in self.facts if fact.occurred_at <= as_of),
        )
        return replace(made, **changes)

    def strike(
        self, fund: str, as_of: datetime, previous: Iterable[FundNav] = (), **changes: object
    ) -> NavResult:
        return strike_nav(self.inputs(fund, as_of, previous=tuple(previous), **changes))


def found(result: NavResult, subject: str, node: str | None = None) -> NavLine:
    """The only line of a subject in the root fund."""
    lines = [
        one for one in result.root.lines if one.subject == subject and (node is None or one.node == node)
    ]
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def simple(house: House) -> House:
    """Fund *alpha* with one class, one account, 1 BTC and 10,000 USDT at the start; prices at the start."""
    house.fund(classes=True)
    house.whole("okx-1", "alpha")
    house.prices(START, {BTC: "50000", ETH: "2500", USDT: "1"})
    house.prices(START, {EUR: "1.1"}, "ecb")
    house.balances("okx-1", START, {BTC: "1", USDT: "10000"})
    house.deal("alpha", START, "60", "60000")
    return house
