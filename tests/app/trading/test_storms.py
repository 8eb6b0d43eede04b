"""Random faults and random deaths: the venue never has two orders of one intention; the journal is right."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from truenav.app.trading import executor
from truenav.connect.errors import VenueError
from truenav.core.orders import OrderRequest, OrderState, OrderType, Side

from .desk import DESK, D, Trading, request

KINDS = ("lost", "unsure", "cut", "truncate", "hang", "status", "html", "latency", "empty_page")
PATHS = (
    "/fapi/v1/order$",
    "/fapi/v1/order$",
    "/fapi/v1/order$",
    "userTrades",
    "positionRisk",
    "fapi/v1/time",
    "",
)
STATES = {
    "open": OrderState.OPEN,
    "filled": OrderState.FILLED,
    "cancelled": OrderState.CANCELLED,
    "expired": OrderState.EXPIRED,
}


class Killed(BaseException):
    """The process ends here."""


class Storm:
    """What one seed makes happen: faults between the steps, deaths at the commit points."""

    def __init__(self, seed: int, trading: Trading, monkeypatch: pytest.MonkeyPatch) -> None:
        self.chance = random.Random(seed)
        self.trading = trading
        self.deaths = 0
        self.raging = True
        monkeypatch.setattr(executor, "commit_point", self.pass_point)
        trading.hold = self.hold_up
        self.skew = self.chance.choice((*[0] * 12, -3_000, 2_000, 7_000))
        self.tilt()

    def tilt(self) -> None:
        """The venue's clock is off, as far as ever: one that jumps back could take what came too late."""
        self.trading.fault("skew", path="", milliseconds=self.skew, times=None)

    def pass_point(self, name: str) -> None:
        if self.raging and self.chance.random() < 0.15:
            self.deaths += 1
            raise Killed(name)

    def hold_up(self) -> float | None:
        return self.chance.uniform(0, 7) if self.raging and self.chance.random() < 0.4 else None

    def rage(self) -> None:
        for _ in range(self.chance.choice((0, 0, 1, 2))):
            kind = self.chance.choice(KINDS)
            self.trading.fault(
                kind,
                path=self.chance.choice(PATHS),
                times=self.chance.randint(1, 2),
                status=self.chance.choice((500, 502, 503, 504, 429, 418)),
                retry_after=self.chance.randint(1, 15),
                milliseconds=self.chance.choice((300, 4_900, 5_100, 9_000)) if kind == "latency" else 0,
            )

    def orders(self) -> list[OrderRequest]:
        return [self.order(leg) for leg in range(self.chance.randint(2, 6))]

    def order(self, leg: int) -> OrderRequest:
        side = self.chance.choice((Side.BUY, Side.SELL))
        size = str(D(self.chance.randint(3, 900)) / 1000)
        kind = self.chance.choice((OrderType.MARKET, OrderType.LIMIT, OrderType.TAKE))
        if kind is OrderType.MARKET:
            return request(leg, size, side, reduce_only=self.chance.random() < 0.3)
        price = (self.trading.mark() * (1 + D(self.chance.randint(-20, 20)) / 1000)).quantize(D("0.1"))
        return request(leg, size, side, type=kind, price=price)

    def live(self) -> None:
        """Ask for the same decision until a process lives through it; then what is left in fair weather."""
        wanted = self.orders()
        for _ in range(40):
            self.rage()
            self.trading.lagging[:] = [self.rage for _ in range(5)]
            try:
                self.trading.run(*wanted, seconds=self.chance.choice((2, 10, 40)))
                break
            except (Killed, VenueError):  # the key could not be checked: nothing was begun
                continue
        self.raging = False
        self.trading.lagging.clear()
        self.trading.world.faults.clear()
        self.tilt()
        self.trading.later(minutes=2)
        self.trading.run(*wanted, seconds=10)


def refuse_doubles(trading: Trading) -> None:
    """Nothing is there twice, and what is written down is what the venue has."""
    books = trading.world.books(DESK)
    held = Counter(one.terms.client_id for one in books.orders.values())
    assert all(number == 1 for number in held.values()), held
    journal = trading.journal()
    assert held.keys() <= journal.keys()
    by_id = {one.terms.client_id: one for one in books.orders.values()}
    for client_id, ours in journal.items():
        assert ours.settled, ours
        theirs = by_id.get(client_id)
        if theirs is None:
            assert (ours.state, ours.filled) == (OrderState.REJECTED, 0)
            continue
        assert (ours.state, ours.filled) == (STATES[theirs.status], theirs.filled)
        fills = [(str(one.id), one.size, one.price) for one in books.fills if one.order_id == theirs.id]
        assert [(one.id, one.quantity, one.price) for one in ours.fills or ()] == fills


def survive(seed: int, furnish: Callable[[], Trading], monkeypatch: pytest.MonkeyPatch) -> Storm:
    storm = Storm(seed, furnish(), monkeypatch)
    storm.live()
    try:
        refuse_doubles(storm.trading)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    return storm


def test_in_a_storm_no_order_is_doubled_and_none_is_forgotten(
    furnish_trading: Callable[[], Trading], monkeypatch: pytest.MonkeyPatch
) -> None:
    storms = [survive(seed, furnish_trading, monkeypatch) for seed in range(15)]
    assert sum(one.deaths for one in storms) > 10
    again = [order for one in storms for order in one.trading.journal().values() if order.sendings > 1]
    assert again, "some were sent a second time"
    lost = sum(
        "unknown" in one.trading.trail(order.request)
        for one in storms
        for order in one.trading.journal().values()
    )
    assert lost > 10


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_in_a_thousand_storms(
    furnish_trading: Callable[[], Trading], monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(1000, 2000):
        survive(seed, furnish_trading, monkeypatch)
        print(f"survived {seed}", flush=True)
