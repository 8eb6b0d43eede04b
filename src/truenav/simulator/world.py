"""The whole simulated world: scenario, market, clock, accounts, and what the operator changed."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from truenav.simulator.bell import Bell
from truenav.simulator.books import Books, Fill
from truenav.simulator.entry import Asked, RefusedError, check
from truenav.simulator.errors import ScenarioError, UnknownNameError
from truenav.simulator.faults import Faults
from truenav.simulator.journal import Journal
from truenav.simulator.ledger import Ledger, whole_millisecond
from truenav.simulator.market import Bar, Instrument, Market, load_market
from truenav.simulator.meter import Meter
from truenav.simulator.numbers import exact
from truenav.simulator.orders import Command, Order, Placed, Printed, Terms, Withdrawn, depth
from truenav.simulator.scenario import AccountPlan, Scenario, Side, load_scenario
from truenav.simulator.tiers import Tiers
from truenav.simulator.times import Clock

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a venue publishes about one instrument at one instant; volume in base units."""

    instrument: Instrument
    at: datetime
    last: Decimal
    mark: Decimal
    index: Decimal
    bid: Decimal
    ask: Decimal
    open_24h: Decimal
    high_24h: Decimal
    low_24h: Decimal
    volume_24h: Decimal


@dataclass(frozen=True, slots=True)
class Override:
    """The operator's change of one instrument's published prices from now on."""

    price: Decimal | None = None
    hidden: bool = False
    stale: timedelta = timedelta(0)


class World:
    """One scenario being replayed. `shift` is the whole number of days by which it was re-dated.

    From `walking_since` on, published prices move through their bars instead of resting at each open; trades,
    funding and settlements of the scenario keep to the opens.
    """

    def __init__(
        self,
        scenario: Scenario,
        market: Market,
        shift: timedelta,
        clock: Clock,
        journal: Journal | None = None,
    ) -> None:
        self.scenario = scenario
        self.market = market = market.listing(scenario.instruments, shift)
        self.shift = shift
        self.clock = clock
        self.inception = scenario.inception + shift
        self.overrides: dict[tuple[str, str], Override] = {}
        self.walking_since: datetime | None = None
        self.bell = Bell()
        self.faults = Faults()
        self.meter = Meter(scenario.limits)
        self._keys = {key.api_key: key for plan in scenario.accounts.values() for key in _keys(plan)}
        for step in scenario.tiers:
            market.instrument(step.venue, step.instrument)
        self.tiers = Tiers(scenario.tiers)
        self._ledgers = {
            name: Ledger(plan, market, self.inception, self.tiers) for name, plan in scenario.accounts.items()
        }
        self._lock = threading.RLock()
        self._journal = journal
        self._remember()
        self._check()

    @classmethod
    def load(cls, scenario_path: Path, anchor: date, clock: Clock, journal: Journal | None = None) -> World:
        """Read a scenario and re-date it so that `anchor` is the day its live time begins.

        Raises :class:`ScenarioError` where the scenario or its market is malformed, or an account
        spends what it does not have.
        """
        scenario = load_scenario(scenario_path)
        live_day = (scenario.inception + scenario.live_after).date()
        shift = anchor - live_day
        return cls(scenario, load_market(scenario.market_folder, shift), shift, clock, journal)

    def _remember(self) -> None:
        """Give every account what its clients did before."""
        for name, command in self._journal.commands(self._ledgers) if self._journal else ():
            self._ledgers[name].commands.append(command)

    def _check(self) -> None:
        """Fold every account to its last event, so that a bad scenario is refused at the door."""
        for name, plan in self.scenario.accounts.items():
            if plan.events:
                self.books(name, self.inception + plan.events[-1].after)

    def now(self) -> datetime:
        """The venue's present instant."""
        return self.clock.now()

    def account(self, name: str) -> AccountPlan:
        """The account called `name`."""
        plan = self.scenario.accounts.get(name)
        if plan is None:
            raise UnknownNameError(f"This scenario has no account {name!r}.")
        return plan

    def account_of_key(self, api_key: str) -> AccountPlan | None:
        """The account whose API key this is, with the secret and the rights of this key."""
        return self._keys.get(api_key)

    def books(self, name: str, at: datetime | None = None) -> Books:
        """Books of an account at `at` (now by default). Valid until the next call; do not keep."""
        self.account(name)
        with self._lock:
            return self._ledgers[name].at(at or self.now())

    def fills(self, name: str, order: int) -> list[Fill]:
        """What was filled of an order until now."""
        return [fill for fill in self.books(name).fills if fill.order_id == order]

    # -- what clients do ----------------------------------------------------------------------

    def place(self, name: str, terms: Terms) -> Order:
        """Take an order and match it; gives it as it is then. Raises :class:`RefusedError`."""
        plan = self.account(name)
        item = self.market.instrument(plan.venue.prices, terms.key)
        with self._lock, exact():
            quote = self.quote(item)
            if quote is None or (item.expires_at is not None and item.expires_at <= self.now()):
                raise RefusedError("closed")
            asked = Asked(plan.venue.dialect, terms, item, quote.bid, quote.ask, plan.borrows)
            check(
                asked,
                self.books(name),
                self.marked,
                lambda coin: self.spot_price(item.venue, coin),
                self.tiers,
            )
            at = self._moment(name)
            since = self.walking_since or at
            books = self._obey(name, Placed(at, terms, quote.bid, quote.ask, since))
            return next(reversed(books.orders.values()))

    def cancel(self, name: str, order: int) -> Order:
        """Cancel a working order; gives it as it is then. Raises :class:`RefusedError`."""
        with self._lock:
            found = self.books(name).orders.get(order)
            if found is None:
                raise RefusedError("unknown")
            if not found.working:
                raise RefusedError("ended")
            return self._obey(name, Withdrawn(self._moment(name), order)).orders[order]

    def print(self, instrument: Instrument, price: Decimal) -> None:
        """Fill what a price that the operator published reaches, in every account of its market."""
        with self._lock:
            for name, plan in self.scenario.accounts.items():
                if plan.venue.prices != instrument.venue:
                    continue
                if any(o.terms.key == instrument.key for o in self.books(name).working.values()):
                    self._obey(name, Printed(self._moment(name), instrument.key, price))

    def _moment(self, name: str) -> datetime:
        """The present millisecond, and never before what a client did already."""
        done = self._ledgers[name].commands
        now = whole_millisecond(self.now())
        return max(now, done[-1].at) if done else now

    def _obey(self, name: str, command: Command) -> Books:
        if self._journal is not None:
            self._journal.write(name, command)
        books = self._ledgers[name].obey(command)
        self.bell.ring()
        return books

    def marked(self, instrument: Instrument) -> Decimal:
        """The mark, the last replayed one where prices are hidden."""
        quote = self.quote(instrument) or self.quote(instrument, self.now())
        assert quote is not None
        return quote.mark

    # -- what is published --------------------------------------------------------------------

    def quote(self, instrument: Instrument, at: datetime | None = None) -> Quote | None:
        """The published prices of an instrument; None where the operator hid them.

        Overrides hold for the present only: with an explicit `at` the replayed market answers.
        """
        instant = at or self.now()
        override = self.overrides.get((instrument.venue, instrument.id)) if at is None else None
        if override is not None and override.hidden:
            return None
        with exact():
            quote = self._replayed_quote(instrument, instant)
            return quote if override is None else _overridden(quote, override)

    def levels(self, quote: Quote, side: Side) -> tuple[tuple[Decimal, Decimal], ...]:
        """Prices and sizes of one side of the book as an order of the other side takes them, best first."""
        item = quote.instrument
        size = depth(item, self.market.bar(item.venue, item.key, self.now()), self.now())
        best, step = (quote.bid, -item.tick) if side == "buy" else (quote.ask, item.tick)
        return tuple((price, size) for price in (best, best + step) if price > 0)

    def mark(self, instrument: Instrument, at: datetime | None = None) -> Decimal:
        """The venue's mark; a hidden instrument is refused."""
        quote = self.quote(instrument, at)
        if quote is None:
            raise UnknownNameError(f"{instrument.venue} publishes no price of {instrument.id}.")
        return quote.mark

    def spot_price(self, venue: str, asset: str, at: datetime | None = None) -> Decimal | None:
        """Last price of `asset` in USDT at `venue`; None where it has no market."""
        if asset == "USDT":
            return Decimal(1)
        instrument = self.market.instruments.get((venue, f"{asset}-USDT"))
        quote = None if instrument is None else self.quote(instrument, at)
        return None if quote is None else quote.last

    def usd_price(self, pair: str, at: datetime | None = None) -> Decimal:
        """Reference price in US dollars, such as ``USDT-USD``."""
        return self.market.usd[pair].at(at or self.now()).number

    def _replayed_quote(self, instrument: Instrument, instant: datetime) -> Quote:
        market, venue, key = self.market, instrument.venue, instrument.key
        day = market.bars[venue, key].between(instant - DAY, instant)
        bars: list[Bar] = [bar for _, bar in day] or [market.bar(venue, key, instant)]
        price = self._price(venue, key, instant)
        base = "USDT" if instrument.base == "USDC" else instrument.base
        index = Decimal(1) if base == "USDT" else self._price(venue, f"{base}-USDT", instant)
        return Quote(
            instrument=instrument,
            at=instant,
            last=price,
            mark=price,
            index=index,
            bid=max(price - instrument.tick, Decimal(0)),
            ask=price + instrument.tick,
            open_24h=bars[0].open,
            high_24h=max(price, *(bar.high for bar in bars)),
            low_24h=min(price, *(bar.low for bar in bars)),
            volume_24h=sum((bar.volume for bar in bars), Decimal(0)),
        )

    def _price(self, venue: str, key: str, instant: datetime) -> Decimal:
        if self.walking_since is not None:
            return self.market.walked(venue, key, instant, since=self.walking_since)
        return self.market.price(venue, key, instant)


def _overridden(quote: Quote, override: Override) -> Quote:
    changed = replace(quote, at=quote.at - override.stale)
    if override.price is None:
        return changed
    tick = quote.instrument.tick
    return replace(
        changed,
        last=override.price,
        mark=override.price,
        bid=max(override.price - tick, Decimal(0)),
        ask=override.price + tick,
    )


def remembered_anchor(state_dir: Path, scenario_name: str, today: date) -> date:
    """The day on which this scenario went live here: stored at the first start, read afterwards."""
    path = state_dir / "anchor.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        anchors = {str(name): date.fromisoformat(day) for name, day in stored.items()}
    except FileNotFoundError:
        anchors = {}
    except (ValueError, AttributeError, TypeError) as error:
        raise ScenarioError(f"{path} is damaged; remove it to begin the scenario today.") from error
    if scenario_name not in anchors:
        anchors[scenario_name] = today
        state_dir.mkdir(parents=True, exist_ok=True)
        text = json.dumps({name: day.isoformat() for name, day in sorted(anchors.items())})
        partial = path.with_suffix(".partial")
        partial.write_text(text + "\n", encoding="utf-8")
        os.replace(partial, path)
    return anchors[scenario_name]


def open_world(scenario_path: Path, state_dir: Path, clock: Clock) -> World:
    """The world of `scenario_path`, continuing where the first start under `state_dir` began."""
    name = load_scenario(scenario_path).name
    anchor = remembered_anchor(state_dir, name, clock.now().astimezone(UTC).date())
    return World.load(scenario_path, anchor, clock, Journal(state_dir / "orders.jsonl", name))


def _keys(plan: AccountPlan) -> Iterator[AccountPlan]:
    """The account as each of its keys opens it."""
    if plan.api_key:
        yield plan
    if plan.trading_key:
        rights = plan.permissions | {"trade"}
        yield replace(plan, api_key=plan.trading_key, secret=plan.trading_secret, permissions=rights)
