"""Random small houses with everything that a NAV knows, and quotes that come in after it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from tests.calc.nav.conftest import CALL, DAY, INSTRUMENTS, INVERSE, PERP, SPOT, START, House

from truenav.calc.nav.model import NavInputs
from truenav.core.asset import BTC, ETH, EUR, USD, USDT
from truenav.core.facts import CashKind, Fact, ManualKind, Quote, QuoteKind
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import AssetId
from truenav.core.policy import (
    OWN_QUOTE,
    OWN_VENUE,
    AssetNumeraire,
    IndexComponent,
    IndexDefinition,
    IndexNumeraire,
    NavPolicy,
    PriceSource,
    PricingPolicy,
    PricingRule,
)
from truenav.core.portfolio import ByAsset, ByInstrument, ByShare, ByTag, NodeKind

MINUTE = timedelta(minutes=1)
SOURCES = ("okx", "binance", "kraken")
_INDEX = IndexDefinition(
    "BTC",
    BTC,
    USDT,
    tuple(PriceSource(one, QuoteKind.LAST, USDT) for one in SOURCES),
    Decimal("0.02"),
    600,
    2,
)
_LAST = tuple(PriceSource(one, QuoteKind.LAST, USDT) for one in (OWN_VENUE, "binance"))
_PRICING = PricingPolicy(
    "world",
    (
        PricingRule(
            "asset:iso4217:EUR", (PriceSource("ecb", QuoteKind.FIXING, USD),), 4 * 86_400, 10 * 86_400
        ),
        PricingRule(
            f"asset:{USDT}", (PriceSource("ecb", QuoteKind.FIXING, EUR, inverted=True),), 900, 86_400
        ),
        PricingRule(
            f"asset:{BTC}", _LAST, 300, 1_200, index="BTC", last_weight=Decimal("0.5"), clamp=Decimal("0.01")
        ),
        *(
            PricingRule(f"contract:{kind}", (PriceSource(OWN_VENUE, QuoteKind.MARK, OWN_QUOTE),), 600, 3_600)
            for kind in ("perpetual", "future", "option")
        ),
        PricingRule("*", (*_LAST, PriceSource("manual", QuoteKind.MANUAL, USD)), 300, 1_200),
    ),
    indices=(_INDEX,),
)
_NUMERAIRES = (
    AssetNumeraire("USD", USD),
    AssetNumeraire("BTC", BTC),
    AssetNumeraire("EUR", EUR),
    IndexNumeraire(
        "MIX",
        Decimal(100),
        START,
        (
            IndexComponent(BTC, Decimal("0.3"), Decimal(50_000)),
            IndexComponent(ETH, Decimal("0.7"), Decimal(3_000)),
        ),
    ),
)
_BASE = {BTC: 50_000, ETH: 2_500, USDT: 1}


class World:
    """One seed is one house, its last NAV's day, and its quotes."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.house = House()
        self.house.policy = replace(NavPolicy("test"), snapshot_stale_seconds=self.dice.choice((900, 90_000)))
        self._tree()
        self._day(START)

    def inputs(self, as_of: datetime, **changes: object) -> NavInputs:
        """What is known at an instant."""
        return self.house.inputs("fof", as_of, pricing=_PRICING, numeraires=_NUMERAIRES, **changes)

    def next_day(self) -> datetime:
        """A day with trades and flows, and its end."""
        at = START + DAY
        for name in ("alpha-1", "alpha-2", "beta-1"):
            self._traded(name, START + self.dice.random() * DAY)
        self._day(at)
        return at + 5 * MINUTE

    def quotes(self, at: datetime) -> tuple[Fact, ...]:
        """Some quotes of an instant or a little before it."""
        found = list(self._quotes(at))
        return tuple(self.dice.sample(found, self.dice.randint(0, len(found))))

    def _tree(self) -> None:
        house, dice = self.house, self.dice
        house.node("fof", NodeKind.FUND_OF_FUNDS)
        house.share_class("fof-a", "fof", rate="0.02")
        for fund in ("alpha", "beta"):
            house.fund(fund, "fof", classes=True)
            house.share_class(f"{fund}-b", fund, rate="0.01", currency=EUR)
            for book in ("x", "y"):
                house.node(f"{fund}-{book}", NodeKind.BOOK, fund)
        rules = [
            ("alpha-x", ByTag("arb")),
            ("alpha-y", ByInstrument((PERP,))),
            ("beta-x", ByAsset((ETH,))),
            ("alpha-x", ByShare(Decimal(1) / 8)),
        ]
        ending = [("alpha", ByShare(Decimal(1)))]
        house.account("alpha-1", *dice.sample(rules, dice.randint(0, 4)), *dice.choice((ending, [])))
        house.whole("alpha-2", "alpha-y")
        house.whole("beta-1", "beta-y")
        house.whole("fof-1", "fof")
        for fund in ("alpha", "beta"):
            house.deal(fund, START - DAY, "30", "30000", investor="node:fof")
            house.deal(
                fund, START - DAY, "20", "20000", share_class=f"{fund}-b", asset=dice.choice((USD, EUR))
            )
        house.deal("fof", START - DAY, "81", "81000")

    def _day(self, at: datetime) -> None:
        house, dice = self.house, self.dice
        for account in ("alpha-1", "alpha-2", "beta-1", "fof-1"):
            if dice.random() < 0.9:
                assets = dice.sample((BTC, ETH, USDT, USD, EUR), dice.randint(0, 5))
                house.balances(
                    account, at - dice.random() * 20 * MINUTE, {one: self._number() for one in assets}
                )
            if account != "fof-1" and dice.random() < 0.8:
                held = dice.sample((PERP, INVERSE, CALL, PERP), dice.randint(0, 4))
                lines = [(one, self._number(signed=True), self._number()) for one in held]
                house.positions(account, at - dice.random() * 20 * MINUTE, *lines)
        if dice.random() < 0.5:
            until = at + dice.random() * 20 * MINUTE if dice.random() < 0.5 else None
            house.manual(
                "beta-x", at, self._number(), dice.choice((USD, BTC)), ManualKind.PENDING_DEPOSIT, until
            )
        house.facts += list(self._quotes(at - 20 * MINUTE)) + list(self.quotes(at))

    def _traded(self, account: str, at: datetime) -> None:
        house, dice = self.house, self.dice
        house.trade(
            account,
            at,
            PERP,
            self._number(signed=True),
            "50000",
            fee=("-1", USDT),
            tag=dice.choice(("arb", None)),
        )
        house.trade(account, at, SPOT, "0.5", "50000", cost=("-25000", USDT), tag=dice.choice(("arb", None)))
        house.cash(account, at, CashKind.FUNDING, self._number(), dice.choice((USDT, BTC)), PERP)
        house.cash(account, at, CashKind.INTEREST, "3", ETH)
        house.transfer(account, at, self._number(), ETH)
        house.pay_fee("alpha", "alpha-b", at, "10")

    def _quotes(self, at: datetime) -> Iterator[Fact]:
        for asset, base in _BASE.items():
            for source in SOURCES:
                yield self._quote(source, asset, EUR if asset == USDT else USDT, QuoteKind.LAST, base, at)
        yield self._quote("ecb", EUR, USD, QuoteKind.FIXING, 1, at)
        yield self._quote("ecb", EUR, USDT, QuoteKind.FIXING, 1, at)
        yield self._quote("manual", ETH, USD, QuoteKind.MANUAL, 2_500, at)
        for terms in INSTRUMENTS:
            if terms.kind is not InstrumentKind.SPOT:
                base = 1 if terms.kind is InstrumentKind.OPTION else 50_000
                yield self._quote("okx", terms.id, _quoted_in(terms), QuoteKind.MARK, base, at)

    def _quote(
        self,
        source: str,
        base: AssetId | InstrumentId,
        quote: AssetId,
        kind: QuoteKind,
        price: int,
        at: datetime,
    ) -> Fact:
        moved = Decimal(price) * self.dice.choice((950, 990, 999, 1_000, 1_001, 1_007, 1_050)) / 1_000
        if self.dice.random() < 0.05:
            moved = Decimal(0)
        made = Quote(base, quote, kind, moved, reason="test")
        fact = self.house.fact("", made, at - self.dice.random() * MINUTE, source)
        self.house.facts.remove(fact)
        return fact

    def _number(self, *, signed: bool = False) -> str:
        number = Decimal(self.dice.randint(1, 999_999)) / 7 if self.dice.random() < 0.3 else Decimal(3)
        return f"{-number if signed and self.dice.random() < 0.5 else number:.12f}"


def _quoted_in(terms: Instrument) -> AssetId:
    return terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
