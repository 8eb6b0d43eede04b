"""A world lived through: gathered and valued at several instants, in storms and in calm, and compared.

In a storm a NAV is provisional or it is right. In the calm after it everything is true: no fact is lost and
none is there twice, every window between two snapshots adds up, balances, positions, profits, funding and
fees are the simulator's to the last digit, and so is the NAV at the venues' own marks.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from random import Random

import httpx
import uvicorn

from truenav.calc.nav.model import NavInputs, NavResult, Quality, ReconciliationStatus
from truenav.calc.nav.select import select_facts
from truenav.calc.nav.strike import strike_nav
from truenav.calc.pricing.defaults import default_policy, venue_policy
from truenav.connect.contract import (
    AccountConnector,
    Credentials,
    Cursor,
    Errand,
    Gathered,
    MarketConnector,
    ParseContext,
    Payload,
    Problem,
)
from truenav.connect.registry import connector
from truenav.connect.transport import Network, Transport
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, USD, AssetBook
from truenav.core.clock import instant_text
from truenav.core.facts import Fact
from truenav.core.failure import Failure, TruenavError
from truenav.core.ids import AccountId, NodeId, Sha256
from truenav.core.instrument import InstrumentBook
from truenav.core.money import rounded
from truenav.core.policy import AssetNumeraire, NavPolicy
from truenav.core.portfolio import ByShare, ByTag, Node, NodeKind, SubBookRule
from truenav.proving import history
from truenav.proving.equity import equity
from truenav.proving.inside import Inside, no_time
from truenav.proving.scenario import WEEK, Size, scenario
from truenav.proving.storms import storm
from truenav.proving.trading import trade_until
from truenav.simulator.market import Market, load_market
from truenav.simulator.numbers import fraction_text
from truenav.simulator.scenario import load_scenario
from truenav.simulator.server import create_app, listen
from truenav.simulator.times import VirtualClock
from truenav.simulator.truth import truth
from truenav.simulator.world import World

LIVE_DAY = date(2026, 11, 21)
"""The day on which every world goes live, whenever it is lived through."""

VENDOR = "vendor"
_UNEXPLAINED = Decimal("1e-15")
_FUNDED = timedelta(hours=8)
"""By then every account has what it begins with."""


class NotTrueError(TruenavError):
    """The product says something else than what is true."""

    code = "not-true"
    title = "The product and the simulator's truth differ"


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of one world: NAVs in storms that were provisional, those that were right, and its facts."""

    seed: int
    provisional: int
    right: int
    known: tuple[Fact, ...]
    requests: int

    @property
    def facts(self) -> int:
        """How many facts it has."""
        return len(self.known)


@dataclass(slots=True)
class Life:
    """One world, what was gathered of it, and the fund made of it."""

    world: World
    clock: VirtualClock
    address: str
    new_network: Callable[[], Network]
    facts: dict[Sha256, Fact] = field(default_factory=dict)
    cursors: dict[str, Mapping[str, Cursor]] = field(default_factory=dict)
    context: ParseContext = field(
        default_factory=lambda: ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))
    )
    requests: int = 0

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The world's accounts as the product knows them."""
        return tuple(
            Account(
                AccountId(plan.id),
                plan.id,
                plan.venue.id,
                AccountKind.EXCHANGE,
                connector(plan.venue.id).manifest.wallets,
            )
            for plan in self.world.scenario.accounts.values()
        )

    async def gather(self) -> list[Failure | Problem]:
        """All venues' prices, then all accounts; gives what could not be read or placed."""
        network = self.new_network()
        return [*await self.gather_markets(network), *await self.gather_accounts(network)]

    async def gather_markets(self, network: Network) -> list[Failure | Problem]:
        """Contract terms and prices."""
        told: list[Failure | Problem] = []
        for name in (*sorted(self.world.scenario.venues), "ecb", VENDOR):
            source = connector(name)
            assert isinstance(source, MarketConnector)
            api = self._transport(network, name)
            got = await source.gather_market(api, self.context, Credentials(VENDOR))
            self._keep(got)
            told += got.failures  # that a vendor has no price of something is no trouble
        return told

    async def gather_accounts(self, network: Network) -> list[Failure | Problem]:
        """What every account holds, and what happened in it."""
        told: list[Failure | Problem] = []
        for account in self.accounts:
            reader = connector(account.venue)
            assert isinstance(reader, AccountConnector)
            moved = self.cursors.get(account.id, {})
            key = Credentials(account.id, "s", "p")
            api = self._transport(network, account.venue, account.id)
            since = self.world.inception
            got = await reader.gather_account(api, Errand(account, key, self.context, moved, since=since))
            self._keep(got)
            told += [*got.failures, *got.problems]
            self.cursors[account.id] = {**moved, **got.cursors}
        return told

    def _keep(self, got: Gathered) -> None:
        self.context = self.context.with_instruments(got.instruments)
        self.requests += got.requests
        for fact in got.facts:
            known = self.facts.setdefault(fact.key_hash, fact)
            _require(replace(known, evidence=fact.evidence) == fact, f"one identity, two contents: {fact}")

    def _transport(self, network: Network, venue: str, account: str = "") -> Transport:
        return network.transport(connector(venue), _forget, account=account, base_url=self.address)

    def inputs(self, previous: NavResult | None, unread: Iterable[Failure] = ()) -> NavInputs:
        """A fund over all accounts; tag *a* and half of the rest go to one book."""
        fund, now = NodeId("fund"), self.clock.now()
        half, rest = ByShare(Decimal("0.5")), ByShare(Decimal(1))
        books: tuple[tuple[str, ByTag | ByShare], ...] = (("one", ByTag("a")), ("one", half), ("two", rest))
        frame = NavInputs(
            fund=fund,
            as_of=now,
            known_at=now,
            nodes=(
                Node(fund, "Fund", NodeKind.FUND),
                *(Node(NodeId(one), one, NodeKind.BOOK, fund) for one in ("one", "two")),
            ),
            rules=tuple(
                SubBookRule(account.id, rank, NodeId(node), selector)
                for account in self.accounts
                for rank, (node, selector) in enumerate(books)
            ),
            accounts=self.accounts,
            share_classes=(),
            assets=BUILTIN_ASSETS,
            aliases=BUILTIN_ALIASES,
            instruments=self.context.instruments.versions,
            pricing=default_policy(),
            policy=NavPolicy("world"),
            numeraires=(AssetNumeraire("USD", USD),),
            facts=(),
            unread=tuple(unread),
            previous=previous.funds if previous else (),
        )
        return replace(frame, facts=select_facts(self.facts.values(), frame))


async def live_through(
    seed: int, *, market: Path, size: Size = WEEK, stormy: bool = True, served: bool = False
) -> Lived:
    """Live through the world of a seed; ``NotTrueError`` says where the product is wrong.

    ``market``: folder of the prices that are replayed. ``stormy``: before each look in calm there is one in
    a storm. ``served``: venues are asked over real HTTP, instead of within the process.
    """
    random = Random(f"storm {seed}")  # noqa: S311 - it draws a world, and guards nothing
    orders = Random(f"orders {seed}")  # noqa: S311 - it draws a world, and guards nothing
    provisional = right = 0
    async with _world(seed, market, size, served=served) as life:
        previous: NavResult | None = None
        life.clock.set(life.world.inception + _FUNDED)
        for look in size.looks:
            instant = life.world.inception + look
            trade_until(orders, life.world, life.clock, instant)
            try:
                if stormy:
                    was_right = await _weather(life, previous, storm(random, hangs=not served), instant)
                    provisional, right = provisional + (not was_right), right + was_right
                previous = await _look(life, previous, instant)
                if look == size.looks[-1]:
                    _require_nav(life.world, _at_venues(life.inputs(previous)), instant)
            except NotTrueError as error:
                raise NotTrueError(f"World {seed} at {instant_text(instant)}: {error.message}") from error
        return Lived(seed, provisional, right, tuple(life.facts.values()), life.requests)


async def _weather(
    life: Life, previous: NavResult | None, faults: Iterable[dict[str, object]], instant: datetime
) -> bool:
    """Gather while venues misbehave; whether nothing hurt.

    A NAV that calls itself complete must be right. Where something is told, that is judged at the venues' own
    marks, at which also a price that was not read makes it provisional.
    """
    for fault in faults:
        life.world.faults.add(fault)
    told = await life.gather()
    inputs = life.inputs(previous, [one for one in told if isinstance(one, Failure)])
    complete = strike_nav(inputs).quality is not Quality.PROVISIONAL
    unhurt = complete and not told
    if unhurt:
        _require_equity(life.world, inputs, instant)
    elif complete and (struck := _at_venues(inputs)).quality is not Quality.PROVISIONAL:
        _require_nav(life.world, struck, instant)
    life.world.faults.clear()
    return unhurt


async def _look(life: Life, previous: NavResult | None, instant: datetime) -> NavResult:
    """Gather in calm, compare everything, and strike the NAV that follows the last one."""
    told = await life.gather()
    _require(not told, f"something is told in calm: {told}")
    known = len(life.facts)
    told = await life.gather_accounts(life.new_network())
    _require(not told and len(life.facts) == known, f"another gathering brings something new: {told}")
    inputs = life.inputs(previous)
    _require_equity(life.world, inputs, instant)
    _require_history(life, instant)
    result = strike_nav(inputs)
    _require(result.quality is Quality.COMPLETE, f"the NAV is not complete: {result.failures}")
    breaks = [row for row in result.root.reconciliation if row.status is ReconciliationStatus.BREAK]
    _require(not breaks, f"windows do not add up: {breaks}")
    bridge = result.root.bridge
    unexplained = Decimal(0) if bridge is None else bridge.unexplained_usd
    _require(abs(unexplained) < _UNEXPLAINED, f"{unexplained} USD of the change are unexplained")
    return result


def _require_equity(world: World, inputs: NavInputs, instant: datetime) -> None:
    for account in inputs.accounts:
        told = truth(world, account.id, instant)
        by_asset, usd = equity(inputs, account.id)
        true = {asset: Decimal(one["value"]) for asset, one in told["equity"].items()}
        _require(by_asset == true, f"{account.id} is worth {true}, not {by_asset}")
        true_usd = Decimal(told["usd"]["value"])
        _require(usd == true_usd, f"{account.id} is worth {true_usd} USD, not {usd}")


def _at_venues(inputs: NavInputs) -> NavResult:
    """The NAV at the venues' own marks, as their truth is told."""
    return strike_nav(replace(inputs, pricing=venue_policy()))


def _require_nav(world: World, struck: NavResult, instant: datetime) -> None:
    """The NAV is all that the accounts are truly worth together."""
    worth = (truth(world, name, instant)["usd"]["exact"] for name in world.scenario.accounts)
    true, nav = Decimal(fraction_text(sum(map(Fraction, worth), Fraction(0)))), struck.root.nav_usd
    _require(rounded(nav, 18) == true, f"the NAV is {true} USD, not {nav}")


def _require_history(life: Life, instant: datetime) -> None:
    assets, instruments = life.context.assets, life.context.instruments
    for account in life.accounts:
        mine = [fact for fact in life.facts.values() if fact.account == account.id]
        told = history.told(mine, assets, instruments, instant)
        true = history.true(life.world.books(account.id, instant), account.venue)
        differences = told.differences(true)
        _require(not differences, f"{account.id}, by part what is wrong and what is missing: {differences}")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotTrueError(otherwise)


async def _forget(payload: Payload) -> None:
    del payload


@asynccontextmanager
async def _world(seed: int, market: Path, size: Size, *, served: bool) -> AsyncIterator[Life]:
    clock = VirtualClock(datetime.combine(LIVE_DAY, time.min, UTC))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.toml"
        path.write_text(scenario(seed, market, size), encoding="utf-8")
        plan = load_scenario(path)
    shift = LIVE_DAY - (plan.inception + plan.live_after).date()
    world = World(plan, _market(market, shift), shift, clock)
    ticks = [0.0]

    async def sleep(seconds: float) -> None:
        ticks[0] += seconds
        world.meter.reset()

    async with _client(world, served=served) as (client, address):

        def new_network() -> Network:
            return Network([client], clock=clock, seed=seed, sleep=sleep, monotonic=lambda: ticks[0])

        yield Life(world, clock, address, new_network)


@lru_cache(maxsize=4)
def _market(folder: Path, shift: timedelta) -> Market:
    """Prices that many worlds replay."""
    return load_market(folder, shift)


@asynccontextmanager
async def _client(world: World, *, served: bool) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    if not served:
        yield Inside(create_app(world, pause=no_time)), "http://venue.test"
        return
    app = create_app(world)
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with httpx.AsyncClient(timeout=20) as client:
                yield client, f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
