"""Which trades of an account are asked for: of the markets that it may have traded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance import client as binance
from truenav.connect.cefi.binance import history
from truenav.connect.cefi.binance.client import BinanceClient, Futures, Lending, interest_row
from truenav.connect.cefi.binance.parse import VENUE, spot_id
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.cefi.binance.windows import History
from truenav.connect.contract import Cursor, ParseContext
from truenav.connect.gathering import Harvest, Pages, Step
from truenav.core.facts import BalanceSnapshot, PositionSnapshot

TIERS_KEPT = timedelta(days=1)
ALL_PAIRS = timedelta(days=1)
"""How often every known pair is asked for trades: what was bought and sold in between shows nowhere else."""


class Past:
    """Chooses what to read of one account's past."""

    def __init__(
        self, client: BinanceClient, harvest: Harvest, cursors: Mapping[str, Cursor], since: datetime
    ) -> None:
        self.client = client
        self.harvest = harvest
        self.cursors = cursors
        self.since = since
        self.traded: defaultdict[str, set[str]] = defaultdict(set)
        self.looking: dict[str, str] = {}
        self.began = client.api.now()

    def spot_steps(self) -> list[Step]:
        """Trades of the pairs that matter, deposits and withdrawals."""
        steps: list[Step] = []
        for symbol in self._pairs("spot", binance.SPOT_TRADES):
            key = f"{binance.SPOT_TRADES.name}?{symbol}"
            steps.append((key, history.spot_trades(self.client, symbol, self.cursors.get(key), self.since)))
        for endpoint in (binance.DEPOSITS, binance.WITHDRAWALS):
            cursor = self.cursors.get(endpoint.name)
            steps.append((endpoint.name, history.movements(self.client, endpoint, cursor, self.since)))
        return steps

    def lending_steps(self, lending: Lending) -> list[Step]:
        """Trades of the pairs that matter, and interest, of a wallet that borrows."""
        asker = Asker(self.client, self.cursors, self.since)
        return [
            asker.history(History(lending.interest, interest_row, archive=lending.archive)),
            *(self.lent(lending, symbol) for symbol in self._pairs(lending.wallet, lending.trades)),
        ]

    def lent(self, lending: Lending, symbol: str) -> Step:
        """Trades of one pair with borrowed coins."""
        key = f"{lending.trades.name}?{symbol}"
        cursor = self.cursors.get(key)
        return key, history.margin_trades(self.client, lending, symbol, cursor, self.since)

    def income_step(self, futures: Futures) -> Step:
        """A futures wallet's cash movements."""
        traded = self.traded[futures.income.name]
        return futures.income.name, history.income(self.client, futures, self.cursors, self.since, traded)

    def tiers_steps(self, futures: Futures) -> list[Step]:
        """A futures wallet's leverage tiers, once a day."""
        name, now = futures.tiers.name, self.client.api.now()
        asked = self.cursors.get(name)
        if asked is not None and now - asked.at < TIERS_KEPT:
            return []

        async def ask() -> Pages:
            return Pages((await self.client.get(futures.tiers),), Cursor("", now))

        return [(name, ask())]

    def futures_steps(self, futures: Futures) -> list[Step]:
        """Trades of every contract that left income, is held, or was traded before."""
        traded = self.traded[futures.income.name]
        held = {
            line.instrument.partition(":")[2]
            for fact in self.harvest.facts
            if isinstance(fact.body, PositionSnapshot) and fact.body.wallet == futures.wallet
            for line in fact.body.lines
            if line.instrument.startswith(f"{futures.namespace}:")
        }
        steps: list[Step] = []
        for symbol in sorted(traded | held | self.read_before(futures.trades)):
            key = f"{futures.trades.name}?{symbol}"
            cursor = self.cursors.get(key)
            steps.append((key, history.futures_trades(self.client, futures, symbol, cursor, self.since)))
        return steps

    def _pairs(self, wallet: str, trades: Endpoint) -> list[str]:
        """Once a day every known pair; in between those traded before or whose base is held.

        One that showed nothing is asked from the beginning each time: nothing confirms an empty answer.
        """
        looked, pairs = self._last_look(trades), symbols_of(self.harvest.context, VENUE)
        if looked is None or self.began - looked.at >= ALL_PAIRS:
            self.looking[trades.name] = str(len(pairs))
            return pairs
        held = {
            line.asset
            for fact in self.harvest.facts
            if isinstance(fact.body, BalanceSnapshot) and fact.body.wallet == wallet
            for line in fact.body.lines
        }
        known = self.harvest.context.instruments.instruments
        bought = {symbol for symbol in pairs if known[spot_id(symbol)].base in held}
        return sorted({*bought, *self.read_before(trades)})

    def _last_look(self, trades: Endpoint) -> Cursor | None:
        """When every pair was asked for; a look at another number of pairs than are known now is none."""
        looked = self.cursors.get(trades.name)
        known = str(len(symbols_of(self.harvest.context, VENUE)))
        return looked if looked is not None and looked.id == known else None

    def note_looks(self) -> None:
        """Keep when all pairs were looked at; not where one could not be read."""
        for name, pairs in self.looking.items():
            if not any(one.startswith(f"{name}?") for one in self.harvest.failed):
                self.harvest.cursors[name] = Cursor(pairs, self.began)

    def read_before(self, endpoint: Endpoint) -> set[str]:
        """Symbols of which an endpoint has a cursor."""
        prefix = f"{endpoint.name}?"
        return {key.removeprefix(prefix) for key in self.cursors if key.startswith(prefix)}


def symbols_of(context: ParseContext, namespace: str) -> list[str]:
    """Venue symbols of the known instruments of one namespace (``binance`` is spot)."""
    prefix = f"{namespace}:"
    return sorted(
        name.removeprefix(prefix) for name in context.instruments.instruments if name.startswith(prefix)
    )
