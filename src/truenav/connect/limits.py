"""What a venue allows: weight budgets, a circuit breaker, and a stop when it bans us.

One ``VenueGate`` serves all transports that reach the same venue through the same address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

from truenav.connect.contract import Budget
from truenav.connect.errors import RateLimitedError, VenueStoppedError, VenueUnavailableError
from truenav.connect.spending import OwnSpending, Spending

Sleep = Callable[[float], Awaitable[None]]
Monotonic = Callable[[], float]

BREAKER_FAILURES = 5
"""Consecutive failures after which the venue is left alone for a while."""
BREAKER_SECONDS = 30.0
SLOW_SECONDS, SLOW_WEIGHT = 30, 100
"""What comes back within seconds needs no sparing, nor what few requests of one kind have for themselves."""
LONGEST_WAIT = 65.0
"""Seconds that one request waits for budget or for the venue's own Retry-After before it is refused."""


class VenueGate:
    """Lets requests to one venue through: within budget, not while it is failing or has banned us."""

    def __init__(
        self,
        venue: str,
        budgets: Iterable[Budget],
        *,
        monotonic: Monotonic,
        sleep: Sleep,
        spending: Spending | None = None,
    ) -> None:
        self.venue = venue
        self._budgets = {budget.name: budget for budget in budgets}
        self._spending = spending or OwnSpending(monotonic)
        self._monotonic = monotonic
        self._sleep = sleep
        self._failures = 0
        self._cause = ""
        self._closed_until = 0.0
        self.clock_offset = timedelta(0)
        """Venue's clock less ours, as far as it had to be followed; ``measuring`` guards its measuring."""
        self.measuring = asyncio.Lock()

    async def enter(self, budget: str, weight: int, key: str) -> None:
        """Wait for the budget; refuse at once while the venue is stopped or its breaker is open."""
        known = self._budgets.get(budget)
        if known is None:
            raise KeyError(f"{self.venue} has no budget {budget!r}")
        scope = key if known.per == "key" else ""
        waited = 0.0
        while True:
            paused = self._refuse_while_closed()
            wait = paused or self._spending.take(known, scope, weight)
            if wait <= 0:
                return
            waited += wait
            if paused > LONGEST_WAIT:
                raise RateLimitedError(
                    f"{self.venue} asks for {paused:.0f} s more of patience; nothing is asked until then."
                )
            if waited > LONGEST_WAIT:
                raise RateLimitedError(
                    f"{self.venue}: the budget {budget!r} of {known.weight} a {known.seconds} s is used; "
                    "gather less often or fewer accounts from this address."
                )
            await self._sleep(wait)

    def spare(self) -> float:
        """The least share left of the budgets that all keys of an address use and that come back slowly."""
        slow = (
            one
            for one in self._budgets.values()
            if one.per == "address" and one.seconds >= SLOW_SECONDS and one.weight >= SLOW_WEIGHT
        )
        return min((1 - self._spending.used(one, "") / one.weight for one in slow), default=1.0)

    def succeeded(self) -> None:
        """The venue answered: the breaker forgets earlier failures."""
        self._failures = 0

    def failed(self, cause: str) -> None:
        """The venue did not answer; enough of these in a row open the breaker, which names the last cause."""
        self._failures += 1
        self._cause = cause
        if self._failures >= BREAKER_FAILURES:
            self._closed_until = self._monotonic() + BREAKER_SECONDS

    def pause(self, seconds: float) -> None:
        """Nobody asks this venue for so long (its Retry-After)."""
        self._spending.rest(seconds)

    def ban(self, seconds: float) -> None:
        """The venue banned this address: refuse everything until the ban ends."""
        self._spending.rest(seconds, banned=True)

    def _refuse_while_closed(self) -> float:
        """Seconds of the venue's own patience; raises while it is stopped or its breaker is open."""
        now, rest = self._monotonic(), self._spending.resting()
        if rest.banned > 0:
            raise VenueStoppedError(
                f"{self.venue} has banned this address for {rest.banned:.0f} s more (HTTP 418); "
                "nothing is asked until then. Lower the gathering frequency.",
                seconds=int(rest.banned),
            )
        if self._failures >= BREAKER_FAILURES and now < self._closed_until:
            raise VenueUnavailableError(
                f"{self.venue} failed {self._failures} times in a row, the last time because {self._cause}; "
                f"it is asked again in {self._closed_until - now:.0f} s."
            )
        return rest.paused


def real_monotonic() -> float:
    """Seconds of the running event loop's clock."""
    return asyncio.get_running_loop().time()
