"""Random small worlds: from a seed a scenario, from the scenario accounts; truth and product must agree.

Venues and connectors run in one event loop without a network, so that one world takes a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import httpx
import pytest
from tests.e2e.conftest import FOLDER, LIVE_DAY, after
from tests.e2e.equity import equity

from truenav.calc.nav.model import NavInputs, NavResult, Quality, ReconciliationStatus
from truenav.calc.nav.select import select_facts
from truenav.calc.nav.strike import strike_nav
from truenav.calc.pricing.defaults import default_policy
from truenav.connect.contract import Credentials, Cursor, Gathered, ParseContext, Payload, Problem
from truenav.connect.registry import connector
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, USD, AssetBook
from truenav.core.facts import Fact
from truenav.core.failure import Failure
from truenav.core.ids import AccountId, NodeId
from truenav.core.instrument import InstrumentBook
from truenav.core.policy import AssetNumeraire, NavPolicy
from truenav.core.portfolio import ByShare, ByTag, Node, NodeKind, SubBookRule
from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock
from truenav.simulator.truth import truth
from truenav.simulator.world import World

INSTANTS = (after(3, 17, 13), after(5, 23, 59), after(6, 8), after(8, 5, 29))
"""The third is the second of an expiry and a funding."""

CONTRACTS = {
    "binance": ("BTC-USDT-SWAP", "ETH-USDT-SWAP"),
    "okx": (
        "BTC-USDT-SWAP",
        "ETH-USDT-SWAP",
        "BTC-USD-SWAP",
        "ETH-USD-SWAP",
        "BTC-USDT-231229",
        "BTC-USD-240329",
    ),
}
STRIKES = ("38000-C", "38000-P", "42000-C", "44000-C", "44000-P", "46000-P")
EXPIRY_MINUTES = 6 * 1440 + 8 * 60
PATHS = ("", "positions", "account", "balance", "bills|income|trades", "ticker|price", "time")
DESKS = {
    "binance": ("spot", "usdm"),
    "okx": ("funding", "trading"),
    "deribit": ("main", "main"),
    "bybit": ("funding", "unified"),
}
"""Where money arrives and where it is traded, by venue."""
JOINING = {"deribit": "okx", "bybit": "bybit"}
"""Venues that take the first account of some worlds, and whose market they publish."""
OPTIONS = {"okx": "BTC-USD", "deribit": "BTC-USD", "bybit": "BTC-USDT"}
FEE_RATES = ("0.0002", "0.00045", "-0.00005", "0")


def scenario(seed: int, joining: str = "") -> str:
    """Two or three accounts that deposit, move money about, and trade whatever their venue has."""
    random = Random(seed)
    venues = ["binance", "okx", random.choice(("binance", "okx"))][: random.randint(2, 3)]
    venues[0] = joining or venues[0]
    lines = [
        f'name = "small-{seed}"',
        f'market = "{FOLDER / "market"}"',
        'inception = "2023-12-02T00:00:00Z"',
        'live_after = "9d"',
        'vendor_key = "vendor"',
        '[venues.binance]\ndialect = "binance"',
        '[venues.okx]\ndialect = "okx"',
    ]
    if joining:
        lines.append(f'[venues.{joining}]\ndialect = "{joining}"\nprices = "{JOINING[joining]}"')
    for number, venue in enumerate(venues):
        name = f"{venue}-{number}"
        lines.append(
            f'[[accounts]]\nid = "{name}"\nvenue = "{venue}"\napi_key = "{name}"\nsecret = "s"\n'
            f'passphrase = "p"\nevents = ['
        )
        lines += [f"  {{ {event} }}," for event in _events(random, venue)]
        lines.append("]")
    return "\n".join(lines) + "\n"


def _events(random: Random, venue: str) -> list[str]:
    door, desk = DESKS[venue]
    found = []
    for n, (coin, have) in enumerate({"USDT": 9_000_000, "BTC": 90, "ETH": 900}.items()):
        found.append(f'at = "+0d00:{10 + n}", deposit = "{have}.5 {coin}"')
        if door != desk and (venue in ("okx", "bybit") or coin == "USDT"):
            move = f'transfer = "{have // 2} {coin}", from = "{door}", to = "{desk}"'
            found.append(f'at = "+0d01:{10 + n}", {move}')
    for _ in range(random.randint(5, 40)):
        minutes = random.randint(8 * 60, 8 * 1440)
        if random.random() < 0.2:
            minutes -= minutes % 480  # at a funding, to the minute
        at = f"{minutes // 1440}d{minutes // 60 % 24:02}:{minutes % 60:02}"
        found.append(f'at = "+{at}", {_act(random, venue, door, desk, minutes)}')
    return found


def _act(random: Random, venue: str, door: str, desk: str, minutes: int) -> str:
    coin = random.choice(("USDT",) if venue == "binance" else ("USDT", "BTC", "ETH"))
    amount = f"0.{random.randint(1, 99_999_999):08}"
    side, kind = random.choice(("buy", "sell")), random.random()
    tail = f'fee_rate = "{random.choice(FEE_RATES)}", tag = "{random.choice(("a", "b"))}"'
    if kind < 0.1:
        return f'deposit = "{amount} {random.choice(("USDT", "BTC", "ETH"))}"'
    if kind < 0.2:
        return f'withdraw = "{amount} {coin}", fee = "0.000{random.randint(1, 9999)}"'
    if kind < 0.3 and door == desk:
        verb = random.choice(("deposit", "withdraw"))
        return f'{verb} = "{amount} {coin}", network = "subaccount"'
    if kind < 0.3:
        stakes = ((door, "earn"), (desk, "earn")) if venue == "bybit" else ()
        source, target = random.choice(((door, desk), (desk, door), *stakes))
        return f'transfer = "{amount} {coin}", from = "{source}", to = "{target}"'
    if kind < 0.5:
        size, name = f"{random.randint(1, 199_999_999) / 10**8:.8f}", random.choice(("BTC-USDT", "ETH-USDT"))
    elif venue != "binance" and kind < 0.7:
        day = "231208" if minutes < EXPIRY_MINUTES and random.random() < 0.7 else "231229"
        size, name = str(random.randint(1, 40)), f"{OPTIONS[venue]}-{day}-{random.choice(STRIKES)}"
    elif venue != "binance":
        size, name = f"{random.randint(1, 99)}.{random.randint(0, 9)}", random.choice(CONTRACTS["okx"])
    else:
        size, name = f"1.{random.randint(0, 999):03}", random.choice(CONTRACTS[venue])
    return f'{side} = "{size}", instrument = "{name}", {tail}'


@dataclass
class Small:
    """One world, what was gathered of it, and the fund made of it."""

    world: World
    clock: VirtualClock
    new_network: Callable[[], Network]
    facts: dict[str, Fact] = field(default_factory=dict)
    cursors: dict[str, dict[str, Cursor]] = field(default_factory=dict)
    context: ParseContext = field(
        default_factory=lambda: ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))
    )

    @property
    def accounts(self) -> tuple[Account, ...]:
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

    async def gather(self) -> int:
        """All venues, prices and accounts, without any trouble; gives how many facts were new."""
        before = len(self.facts)
        told = await self.gather_what_comes()
        assert not told, told
        return len(self.facts) - before

    async def gather_what_comes(self) -> list[Failure | Problem]:
        """The same in any weather; gives what could not be read or placed."""
        told: list[Failure | Problem] = []
        network = self.new_network()
        for name in (*self.world.scenario.venues, "ecb", "vendor"):
            source = connector(name)
            transport = self._transport(network, name)
            got = await source.gather_market(transport, self.context, Credentials("vendor"))
            self._keep(got)
            told += got.failures  # that a vendor has no price of something is no trouble
        for account in self.accounts:
            source = connector(account.venue)
            moved = self.cursors.setdefault(account.id, {})
            key = Credentials(account.id, "s", "p")
            transport = self._transport(network, account.venue, account.id)
            since = self.world.inception
            got = await source.gather_account(transport, account, key, self.context, moved, since=since)
            self._keep(got)
            told += [*got.failures, *got.problems]
            moved |= got.cursors
        return told

    def _keep(self, got: Gathered) -> None:
        self.context = self.context.with_instruments(got.instruments)
        for fact in got.facts:
            known = self.facts.setdefault(fact.key_hash, fact)
            assert replace(known, evidence=fact.evidence) == fact, "one identity, two contents"

    def _transport(self, network: Network, venue: str, account: str = "") -> object:
        return network.transport(connector(venue), _forget, account=account, base_url="http://venue.test")

    def inputs(self, previous: NavResult | None, unread: Iterable[Failure] = ()) -> NavInputs:
        """A fund over all accounts; tag *a* and half of the rest go to one book."""
        rules = [
            SubBookRule(account.id, rank, NodeId(node), selector)
            for account in self.accounts
            for rank, (node, selector) in enumerate(
                (
                    ("one", ByTag("a")),
                    ("one", ByShare(Decimal("0.5"))),
                    ("two", ByShare(Decimal(1))),
                )
            )
        ]
        fund = NodeId("fund")
        now = self.clock.now()
        frame = NavInputs(
            fund=fund,
            as_of=now,
            known_at=now,
            nodes=(
                Node(fund, "Fund", NodeKind.FUND),
                *(Node(NodeId(one), one, NodeKind.BOOK, fund) for one in ("one", "two")),
            ),
            rules=tuple(rules),
            accounts=self.accounts,
            share_classes=(),
            assets=BUILTIN_ASSETS,
            aliases=BUILTIN_ALIASES,
            instruments=tuple(self.context.instruments.instruments.values()),
            pricing=default_policy(),
            policy=NavPolicy("small"),
            numeraires=(AssetNumeraire("USD", USD),),
            facts=(),
            unread=tuple(unread),
            previous=previous.funds if previous else (),
        )
        return NavInputs(
            **{name: getattr(frame, name) for name in frame.__slots__}
            | {"facts": select_facts(self.facts.values(), frame)}
        )


async def _forget(payload: Payload) -> None:
    del payload


@asynccontextmanager
async def small(seed: int, folder: Path, joining: str = "") -> AsyncIterator[Small]:
    path = folder / f"{seed}{joining}.toml"
    path.write_text(scenario(seed, joining), encoding="utf-8")
    clock = VirtualClock(INSTANTS[0])
    world = World.load(path, LIVE_DAY, clock)
    ticks = [0.0]

    async def sleep(seconds: float) -> None:
        ticks[0] += seconds
        world.meter.reset()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(world))) as client:

        def new_network() -> Network:
            return Network([client], clock=clock, seed=seed, sleep=sleep, monotonic=lambda: ticks[0])

        yield Small(world, clock, new_network)


Trouble = Callable[[Small, NavResult | None, datetime], Awaitable[None]]
"""What comes over a world at an instant, before it is gathered in calm."""


async def live_through(seed: int, folder: Path, trouble: Trouble | None = None, *, joining: str = "") -> None:
    """Gather and strike at each instant; every account equals its truth, every NAV its predecessor.

    Nothing is left of a trouble: no fact is lost, and none is there twice.
    """
    async with small(seed, folder, joining) as one:
        previous: NavResult | None = None
        for instant in INSTANTS:
            one.clock.set(instant)
            if trouble is None:
                assert await one.gather()
            else:
                await trouble(one, previous, instant)
                await one.gather()
            assert await one.gather() == 0, "another gathering brings nothing new"
            inputs = one.inputs(previous)
            previous = strike_nav(inputs)
            _assert_true(one.world, inputs, instant)
            _assert_whole(previous)


async def live_through_storms(seed: int, folder: Path, *, joining: str = "") -> tuple[int, int]:
    """At each instant gather once while venues misbehave, then in calm; gives NAVs provisional and whole.

    In a storm a NAV is provisional, something is told that a person must mend, or it is right.
    """
    random, provisional = Random(f"storm {seed}"), 0

    async def storm(one: Small, previous: NavResult | None, instant: datetime) -> None:
        nonlocal provisional
        for _ in range(random.randint(1, 3)):
            one.world.faults.add(_fault(random, joining or "binance"))
        told = await one.gather_what_comes()
        inputs = one.inputs(previous, [each for each in told if isinstance(each, Failure)])
        if told or strike_nav(inputs).quality is Quality.PROVISIONAL:
            provisional += 1
        else:
            _assert_true(one.world, inputs, instant)
        one.world.faults.clear()

    await live_through(seed, folder, storm, joining=joining)
    return provisional, len(INSTANTS) - provisional


def _fault(random: Random, first: str) -> dict[str, object]:
    """Some fault at some of a venue's addresses, once, a few times or until the storm is over."""
    kind = random.choice(("status", "html", "truncate", "revoked", "duplicate_page", "empty_page", "skew"))
    fault: dict[str, object] = {
        "kind": kind,
        "venue": random.choice((first, "okx", "")),
        "path": random.choice(PATHS),
        "times": random.choice((1, 2, 5, None)),
    }
    if kind == "status":
        fault |= {"status": random.choice((418, 429, 500, 502, 503)), "retry_after": random.randint(0, 2)}
    if kind == "skew":
        fault |= {"milliseconds": random.choice((-60_000, -2_000, 900, 60_000)), "times": None}
    return fault


def _assert_true(world: World, inputs: NavInputs, instant: datetime) -> None:
    for account in inputs.accounts:
        told = truth(world, account.id, instant)
        by_asset, usd = equity(inputs, account.id)
        assert by_asset == {asset: Decimal(one["value"]) for asset, one in told["equity"].items()}
        assert usd == Decimal(told["usd"]["value"])


def _assert_whole(result: NavResult) -> None:
    assert result.quality is Quality.COMPLETE, result.failures
    breaks = [row for row in result.root.reconciliation if row.status is ReconciliationStatus.BREAK]
    assert not breaks
    bridge = result.root.bridge
    if bridge is not None:
        assert abs(bridge.unexplained_usd) < Decimal("1e-15")


@pytest.mark.parametrize("seed", range(3))
def test_a_small_world_is_true_and_reconciled_at_every_instant(seed: int, tmp_path: Path) -> None:
    asyncio.run(live_through(seed, tmp_path))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_hundreds_of_small_worlds(tmp_path: Path) -> None:
    for seed in range(1000, 1500):
        asyncio.run(live_through(seed, tmp_path))


@pytest.mark.parametrize("seed", [*range(8), 2338, 2381])  # the last two: nothing but options is open
def test_a_storm_leaves_no_trace_and_no_wrong_nav(seed: int, tmp_path: Path) -> None:
    asyncio.run(live_through_storms(seed, tmp_path))


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_hundreds_of_storms(tmp_path: Path) -> None:
    ended = [asyncio.run(live_through_storms(seed, tmp_path)) for seed in range(2000, 2500)]
    provisional, whole = (sum(counts) for counts in zip(*ended, strict=True))
    print(f"{provisional} provisional, {whole} whole NAVs in storms")
    assert min(provisional, whole) > 100, "storms that hurt, and storms that are weathered"


def test_the_same_seed_makes_the_same_world() -> None:
    assert scenario(7) == scenario(7) != scenario(8)
