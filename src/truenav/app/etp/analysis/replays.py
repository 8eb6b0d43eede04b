"""Rule sets side by side on one history: where each return came from, what was promised and expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import isfinite, prod
from typing import NamedTuple

from truenav.app.etp.analysis.questions import Manner, ReplayInputError
from truenav.app.etp.analysis.rule_sets import RuleSet, followed
from truenav.app.etp.analysis.turns import turn
from truenav.calc.etp.engine.calendar import instant_of, usual_step
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import Event, EventKind, Simulation
from truenav.calc.etp.explain.attribution import Explanation, explain
from truenav.calc.etp.explain.decay import MICROSECONDS_A_YEAR, continuous_return, realised_volatility
from truenav.calc.etp.explain.effort import most_steps, way_of
from truenav.calc.etp.explain.path import nav_path
from truenav.calc.etp.explain.replay import FinancingSource, financing_source, gaps_of, replay
from truenav.calc.etp.explain.tracking import Tracking, promise_of, tracking
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, exact, rounded
from truenav.core.product import Product, Terms

PLACES = 18
"""Decimals of paths and events; totals and their parts are exact."""

MOST_WORK = 3_000_000
"""Marks of all rule sets of one question together; one that is watched without pause counts `CONTINUOUS`
times.
"""

CONTINUOUS = 5

QUICK_WORK, QUICK_STEPS = 200_000, 10_000
"""What is done within about a second; more than this takes a turn."""

MOST_STEPS = 120_000
"""Steps that all rule sets of one question may come to; one costs as much as hundreds of quiet marks."""

MOST_POINTS = 2_000
MOST_EVENTS = 1_000

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class ReplayedHistory:
    """What was replayed: its marks, and how the underlying went.

    ``change`` is its return, ``volatility`` the realised one of a year at all marks, rounded. ``gaps`` are
    pauses of two usual steps or more; what fell due in one happened at the mark after it.
    """

    name: str
    start: datetime
    end: datetime
    marks: int
    step_seconds: Decimal
    gaps: int
    first_price: Decimal
    last_price: Decimal
    change: Decimal
    volatility: Decimal | None


@dataclass(frozen=True, slots=True)
class ReplayEvent:
    """A rebalance, or the end, of one unit as issued; what was paid is positive, rounded to `PLACES`."""

    at: datetime
    kind: EventKind
    price: Decimal
    nav_before: Decimal
    nav: Decimal
    leverage_before: Decimal | None
    leverage: Decimal | None
    trade: Decimal
    costs: Decimal
    gap: Decimal


@dataclass(frozen=True, slots=True)
class ReplayMerge:
    """By what a share merge or split multiplied the NAV of a unit."""

    at: datetime
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Replay:
    """One rule set on the history; all of one unit as issued, so that no share merge shows in it.

    Attributes
    ----------
    explanation : the return and its parts, exact; ``financing`` says where its part comes from.
    drawdown : deepest of NAV at the marks, from 0 to -1.
    expected : the return that theory expects of the history's change and volatility, without cost and fee;
        unknown where the target changed.
    events : rebalances, the first `MOST_EVENTS`; ``events_total`` are all.
    navs, promised : NAV and that of the promise at the points of the answer.
    """

    rules: str
    product: str
    issuer: str
    underlying: str
    quote: str
    target: Decimal
    target_is_published: bool
    explanation: Explanation
    financing: FinancingSource
    drawdown: Decimal
    tracking: Tracking
    expected: Decimal | None
    merges: tuple[ReplayMerge, ...]
    events: tuple[ReplayEvent, ...]
    events_total: int
    navs: tuple[Decimal, ...]
    promised: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule set that cannot be replayed on the history, and why; the others are."""

    rules: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Replays:
    """Rule sets on one history; ``times`` and ``prices`` are the points of all paths, evenly apart."""

    history: ReplayedHistory
    times: tuple[datetime, ...]
    prices: tuple[Decimal, ...]
    replays: tuple[Replay, ...]
    refused: tuple[Refused, ...]


def replays(name: str, history: History, sets: Sequence[RuleSet], manner: Manner) -> Replays:
    """Each rule set on the history; one whose rules do not hold there is told beside the others.

    `OverloadedError` where it would take long and as many are computed already as the server can bear.
    """
    work = len(sets) * len(history) * (CONTINUOUS if manner.continuous else 1)
    _check_manner(manner, work)
    board = _Board(history, manner)
    plans = [board.planned(one) for one in sets]
    is_quick = work <= QUICK_WORK and board.steps <= QUICK_STEPS
    with nullcontext() if is_quick else turn():
        found = [board.replayed(plan) if isinstance(plan, _Plan) else plan for plan in plans]
    times, prices = board.points()
    return Replays(
        board.facts(name),
        times,
        prices,
        tuple(one for one in found if isinstance(one, Replay)),
        tuple(one for one in found if isinstance(one, Refused)),
    )


class _Plan(NamedTuple):
    """What is to be replayed under the name of a rule set."""

    rules: str
    product: Product


class _Board:
    """A history on which rule sets are replayed; promises that several have in common are run once.

    ``steps`` are those that all planned ones may come to.
    """

    def __init__(self, history: History, manner: Manner) -> None:
        self.steps = 0
        self._history, self._manner = history, manner
        self._promises: dict[tuple[Terms, ...], Simulation] = {}
        self._way = way_of(history)
        volatility = realised_volatility(history)
        self._volatility = rounded(Decimal(volatility), 12) if isfinite(volatility) else None

    def planned(self, one: RuleSet) -> _Plan | Refused:
        """What is to be replayed; refused where no rules held then, or it may be too much."""
        try:
            product = followed(one.product, self._manner.rules_as_of, last_rules=self._manner.last_rules)
            self._count_steps(product)
        except InvalidInputError as error:
            return Refused(one.name, error.code, error.message)
        return _Plan(one.name, product)

    def replayed(self, plan: _Plan) -> Replay | Refused:
        """What became of it; refused where its rules do not hold on this history."""
        try:
            return self._replayed(plan.rules, plan.product)
        except InvalidInputError as error:
            return Refused(plan.rules, error.code, error.message)

    def points(self) -> tuple[tuple[datetime, ...], tuple[Decimal, ...]]:
        """Instants and prices at which the paths are given."""
        count, most = len(self._history), self._manner.points
        places = range(count) if count <= most else [row * (count - 1) // (most - 1) for row in range(most)]
        times, prices = self._history.times, self._history.prices
        return tuple(instant_of(times[place]) for place in places), tuple(prices[place] for place in places)

    def facts(self, name: str) -> ReplayedHistory:
        times, prices = self._history.times, self._history.prices
        with exact():
            change = prices[-1] / prices[0] - 1
            step = Decimal(usual_step(times)) / _SECOND
        return ReplayedHistory(
            name=name,
            start=instant_of(times[0]),
            end=instant_of(times[-1]),
            marks=len(times),
            step_seconds=step,
            gaps=len(gaps_of(times)),
            first_price=prices[0],
            last_price=prices[-1],
            change=change,
            volatility=self._volatility,
        )

    def _replayed(self, rules: str, product: Product) -> Replay:
        manner = self._manner
        run = replay(product, self._history, nav=manner.nav, continuous=manner.continuous)
        promise = self._promise(run)
        explanation = explain(run)
        rebalances = [event for event in run.events if event.kind is not EventKind.CHARGE]
        return Replay(
            rules=rules,
            product=product.id,
            issuer=product.issuer,
            underlying=product.underlying,
            quote=product.quote,
            target=product.terms[-1].target,
            target_is_published=product.terms[-1].target_is_published,
            explanation=explanation,
            financing=financing_source(run),
            drawdown=run.worst,
            tracking=tracking(run, promise),
            expected=self._expected(product.terms, explanation),
            merges=tuple(ReplayMerge(instant_of(merge.at), merge.ratio) for merge in run.merges),
            events=tuple(map(_event, rebalances[:MOST_EVENTS])),
            events_total=len(rebalances),
            navs=tuple(_navs(run, manner.points)),
            promised=tuple(_navs(promise, manner.points)),
        )

    def _count_steps(self, product: Product) -> None:
        steps = most_steps(product, self._history, self._way, continuous=self._manner.continuous)
        if self.steps + steps > MOST_STEPS:
            raise ReplayInputError(
                f"{product.id} may come to {steps:,} steps here, and all rule sets of a question to "
                f"{MOST_STEPS:,}; take fewer marks or rule sets, or replay it by the command line."
            )
        self.steps += steps

    def _promise(self, run: Simulation) -> Simulation:
        promise = promise_of(run.product)
        if promise.terms not in self._promises:
            self._promises[promise.terms] = replay(promise, self._history, nav=self._manner.nav)
        return self._promises[promise.terms]

    def _expected(self, terms: Sequence[Terms], explanation: Explanation) -> Decimal | None:
        if self._volatility is None or len({one.target for one in terms}) > 1:
            return None
        times = self._history.times
        with exact():
            years = Decimal(times[-1] - times[0]) / MICROSECONDS_A_YEAR
            ratio = 1 + explanation.underlying
            return rounded(continuous_return(terms[-1].target, ratio, self._volatility, years), PLACES)


def _check_manner(manner: Manner, work: int) -> None:
    if not 0 < manner.nav <= 10**12:
        raise ReplayInputError("NAV at issue must be above 0 and at most a million millions.")
    if not 2 <= manner.points <= MOST_POINTS:
        raise ReplayInputError(f"Ask for 2 to {MOST_POINTS:,} points.")
    if work > MOST_WORK:
        raise ReplayInputError(
            f"{work:,} marks of all rule sets together ({CONTINUOUS} for each that is watched without pause) "
            f"are more than {MOST_WORK:,}; take fewer rule sets or a shorter history."
        )


def _navs(run: Simulation, points: int) -> Iterator[Decimal]:
    """NAV of a unit as issued, at the points."""
    with exact():
        factor = prod((merge.ratio for merge in run.merges), start=ONE)
        navs = [point.nav_adjusted / factor for point in nav_path(run, most=points)]
    return (rounded(nav, PLACES) for nav in navs)


def _event(event: Event) -> ReplayEvent:
    def number(value: Decimal) -> Decimal:
        return rounded(value, PLACES)

    def known(value: Decimal | None) -> Decimal | None:
        return None if value is None else number(value)

    return ReplayEvent(
        at=instant_of(event.at),
        kind=event.kind,
        price=number(event.price),
        nav_before=number(event.nav_before),
        nav=number(event.nav),
        leverage_before=known(event.leverage_before),
        leverage=known(event.leverage),
        trade=number(event.trade),
        costs=number(event.costs),
        gap=number(event.gap),
    )
