"""Rule sets side by side on one history: where each return came from, what was promised and expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite, prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from truenav.app.etp.analysis_rules import RuleSet, followed
from truenav.calc.etp.engine.calendar import instant_of, microseconds, usual_step
from truenav.calc.etp.engine.history import BadMarkError, History, checked
from truenav.calc.etp.engine.simulate import Event, EventKind, Simulation
from truenav.calc.etp.explain.attribution import Explanation, explain
from truenav.calc.etp.explain.decay import MICROSECONDS_A_YEAR, continuous_return, realised_volatility
from truenav.calc.etp.explain.described import MOST_MARKS, Described, described_history
from truenav.calc.etp.explain.effort import most_steps, way_of
from truenav.calc.etp.explain.path import nav_path
from truenav.calc.etp.explain.replay import FinancingSource, financing_source, gaps_of, replay
from truenav.calc.etp.explain.tracking import Tracking, promise_of, tracking
from truenav.connect.products.marks import Reading, read_history
from truenav.connect.products.tables import PriceFileError
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, exact, rounded
from truenav.core.product import Product, Terms
from truenav.store import products
from truenav.store.database import Session

PLACES = 18
"""Decimals of paths and events; totals and their parts are exact."""

MOST_GIVEN = 10_000
"""Marks that may stand in a question itself."""

MOST_WORK = 3_000_000
"""Marks of all rule sets of one question together."""

MOST_STEPS = 120_000
"""Steps that all rule sets of one question may come to; one costs as much as hundreds of quiet marks."""

MOST_POINTS = 2_000
MOST_EVENTS = 1_000

DESCRIBED_START = datetime(2026, 1, 1, tzinfo=UTC)

_GZIP = b"\x1f\x8b"
_SECOND = 1_000_000


class ReplayInputError(InvalidInputError):
    """A question of a replay is too large, or one of its numbers makes no sense."""

    code = "replay-input"
    title = "This replay cannot be computed"


# --- questions -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GivenMark:
    """A price of the underlying, in the quote asset."""

    at: datetime
    price: Decimal


@dataclass(frozen=True, slots=True)
class GivenMarks:
    """Marks that stand in the question itself, in order of time."""

    TAG: ClassVar[str] = "given"

    marks: tuple[GivenMark, ...]


@dataclass(frozen=True, slots=True)
class SeenMarks:
    """The marks that a product that is run here was given by its venue."""

    TAG: ClassVar[str] = "seen"

    listing: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Manner:
    """How rule sets are replayed.

    ``nav`` is what a unit is issued at. ``rules_as_of``: the rules of this instant as if they had always
    held; ``last_rules``: the last ones. ``continuous`` fills triggers at their own price. ``points`` is how
    many points of each path are given, at most.
    """

    nav: Decimal = Decimal(100)
    rules_as_of: datetime | None = None
    last_rules: bool = False
    continuous: bool = False
    points: int = 400


@dataclass(frozen=True, slots=True)
class ReplayQuestion:
    """Rule sets by their names (``text`` holds those that are *given*), and the history to replay them on."""

    rules: tuple[str, ...]
    history: Described | GivenMarks | SeenMarks
    text: str | None = None
    manner: Manner = Manner()


@dataclass(frozen=True, slots=True)
class FileReading:
    """How a file of prices is read where it does not say so itself; see the command ``truenav etp``."""

    zone: str | None = None
    symbol: str | None = None
    time_column: str | None = None
    price_column: str | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileQuestion:
    """The same for a file of prices that is sent along."""

    rules: tuple[str, ...]
    text: str | None = None
    reading: FileReading = FileReading()
    manner: Manner = Manner()


# --- answers ---------------------------------------------------------------------------------------------


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


# --- histories -------------------------------------------------------------------------------------------


def history_of_file(name: str, data: bytes, reading: FileReading, *, now: datetime) -> History:
    """The marks of a CSV or Parquet file; `PriceFileError` names the line that cannot be used."""
    if data.startswith(_GZIP):
        raise PriceFileError(f"{name} is packed; send it unpacked, or replay it by the command line.")
    own = Reading(
        reading.zone, reading.symbol, reading.time_column, reading.price_column, reading.start, reading.end
    )
    with TemporaryDirectory(prefix="truenav-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return _limited(read_history(path, own, now=now))


def history_of_question(
    history: Described | GivenMarks | SeenMarks, session: Session, *, now: datetime
) -> History:
    """The marks that a question names or describes; a listing in it was looked up by the caller."""
    match history:
        case Described():
            return described_history(history, DESCRIBED_START)
        case GivenMarks():
            return _given(history, now)
        case SeenMarks():
            return _seen(history, session)


def _given(history: GivenMarks, now: datetime) -> History:
    if len(history.marks) > MOST_GIVEN:
        raise ReplayInputError(f"A question may hold {MOST_GIVEN:,} marks; send more of them as a file.")
    times = [microseconds(mark.at) for mark in history.marks]
    return checked(History(times, [mark.price for mark in history.marks]), now=now)


def _seen(history: SeenMarks, session: Session) -> History:
    since, until = microseconds(history.since), microseconds(history.until)
    times: list[int] = []
    prices: list[Decimal] = []
    rates: list[tuple[int, Decimal]] = []
    _, chapters = products.between(session, history.listing, history.since, history.until)
    for chapter in chapters:
        inside = [mark for mark in chapter.marks if since <= mark.at <= until]
        times += [mark.at for mark in inside]
        prices += [mark.price for mark in inside]
        rates += [(one.charged_at, one.rate) for one in chapter.rates if since < one.charged_at <= until]
        if len(times) > MOST_MARKS:
            raise ReplayInputError(
                f"There are more than {MOST_MARKS:,} marks in this span; take a shorter one."
            )
    if len(times) < 2:
        raise BadMarkError(f"{history.listing} saw {len(times)} marks in this span; two are needed.")
    return History(times, prices, tuple(rates))


def _limited(history: History) -> History:
    if len(history) > MOST_MARKS:
        raise ReplayInputError(
            f"The file has {len(history):,} marks, more than {MOST_MARKS:,}; choose a start and an end, or "
            "replay it by the command line."
        )
    return history


# --- replays ---------------------------------------------------------------------------------------------


def replays(name: str, history: History, sets: Sequence[RuleSet], manner: Manner) -> Replays:
    """Each rule set on the history; one whose rules do not hold there is told beside the others."""
    _check_manner(manner, len(sets) * len(history))
    board = _Board(history, manner)
    found: list[Replay] = []
    refused: list[Refused] = []
    for one in sets:
        try:
            found.append(board.replayed(one))
        except InvalidInputError as error:
            refused.append(Refused(one.name, error.code, error.message))
    times, prices = board.points()
    return Replays(board.facts(name), times, prices, tuple(found), tuple(refused))


class _Board:
    """A history on which rule sets are replayed; promises that several have in common are run once."""

    def __init__(self, history: History, manner: Manner) -> None:
        self._history, self._manner = history, manner
        self._promises: dict[tuple[Terms, ...], Simulation] = {}
        self._steps_left, self._way = MOST_STEPS, way_of(history)
        volatility = realised_volatility(history)
        self._volatility = rounded(Decimal(volatility), 12) if isfinite(volatility) else None

    def replayed(self, one: RuleSet) -> Replay:
        manner = self._manner
        product = followed(one.product, manner.rules_as_of, last_rules=manner.last_rules)
        self._refuse_steps(product)
        run = replay(product, self._history, nav=manner.nav, continuous=manner.continuous)
        promise = self._promise(run)
        explanation = explain(run)
        rebalances = [event for event in run.events if event.kind is not EventKind.CHARGE]
        return Replay(
            rules=one.name,
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

    def _refuse_steps(self, product: Product) -> None:
        steps = most_steps(product, self._history, self._way, continuous=self._manner.continuous)
        if steps > self._steps_left:
            raise ReplayInputError(
                f"{product.id} may come to {steps:,} steps here, and all rule sets of a question to "
                f"{MOST_STEPS:,}; take fewer marks or rule sets, or replay it by the command line."
            )
        self._steps_left -= steps

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
            f"{work:,} marks of all rule sets together are more than {MOST_WORK:,}; take fewer rule sets or "
            "a shorter history."
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
