"""Random custodians: whatever moves, waits, fails and is answered wrongly, facts add up to the balances."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from decimal import Decimal

import pytest
from tests.connect.custody.standin import desk
from tests.connect.custody.standin_rest import KEY, SECRET, Acme, row
from tests.connect.custody.test_rest import mapping

from truenav.connect.contract import Credentials
from truenav.connect.registry import configured
from truenav.core.facts import BalanceSnapshot, CashFlow, Transfer
from truenav.core.money import exact

VAULTS = ("main", "cold")
STEPS = 12
GATHERINGS = 5


class World(Acme):
    """A custodian whose balances are the sum of what it completed, by a ledger of its own."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = random.Random(seed)
        super().__init__("header", rng.choice(["cursor", "page", "offset", "none"]))
        self.moves: list[dict] = []
        self.held = {(vault, "BTC"): Decimal(100) for vault in VAULTS}
        self.minute = 0
        self.holdings = self._holdings()

    def step(self) -> None:
        """Something begins, something ends."""
        self.minute += self.rng.randint(1, 3)
        number, kind = len(self.moves), self.rng.choice(["in", "out", "between", "refused"])
        quantity, vault = str(Decimal(self.rng.randint(1, 999)) / 100), self.rng.choice(VAULTS)
        fee = self.rng.choice(["0", "0.0001"])
        chain = {"hash": f"{number:04x}", "fees": [{"qty": fee, "coin": "BTC"}]}
        given = {"wallet": vault, "qty": quantity, "state": "SIGN", "chain": chain}
        if kind == "between":
            other = VAULTS[1 - VAULTS.index(vault)]
            there = {**given, "kind": "OUT", "party": {"address": "", "wallet": other}}
            here = {**given, "wallet": other, "party": {"address": "", "wallet": vault}}
            self.moves += [row(f"{number}o", self.minute, **there), row(f"{number}i", self.minute, **here)]
        else:
            given |= {"kind": "IN" if kind == "in" else "OUT", "dies": kind == "refused"}
            self.moves.append(row(f"{number}x", self.minute, **given))
        for move in self.rng.sample(self.moves, min(2, len(self.moves))):
            self.finish(move)

    def finish(self, move: dict) -> None:
        if move["state"] != "SIGN":
            return
        move["state"] = "NO" if move.get("dies") else "OK"
        if move["state"] == "OK":
            sign = 1 if move["kind"] == "IN" else -1
            self.held[move["wallet"], "BTC"] += sign * Decimal(move["qty"])
            if sign < 0:
                self.held[move["wallet"], "BTC"] -= Decimal(move["chain"]["fees"][0]["qty"])
        self.holdings = self._holdings()

    def trouble(self) -> None:
        """One wrong answer, most of which a second one mends."""
        fault = self.rng.choice(["busy", "down", "page", "twice", "cut", "none"])
        if fault == "twice":
            self.duplicate_page = True
        elif fault != "none":
            status = {"busy": 429, "down": 503}.get(fault, 200)
            body = {"page": b"<html></html>", "cut": b'{"result": {"items": ['}.get(fault, b"{}")
            self.faults.insert(0, (status, body, {}))

    def _holdings(self) -> list[dict]:
        return [
            {"wallet": vault, "coin": coin, "free": str(total), "held": "0"}
            for (vault, coin), total in self.held.items()
        ]


def stated(facts):
    """What facts moved, by vault."""
    sums = defaultdict(Decimal)
    with exact():
        for fact in facts:
            if isinstance(fact.body, Transfer | CashFlow):
                fee = getattr(fact.body, "fee", None)
                sums[fact.body.wallet] += fact.body.amount.number + (fee.number if fee else 0)
    return sums


@pytest.mark.parametrize("seed", range(40))
def test_every_completed_movement_is_stated_once_and_explains_the_balance(seed):
    world = World(seed)
    source = configured("rest", mapping("header", world.paging))

    async def run():
        known, cursors = {}, {}
        async with desk("rest", world, Credentials(KEY, SECRET), source) as place:
            for last in [False] * GATHERINGS + [True]:
                for _ in range(0 if last else world.rng.randint(0, STEPS // GATHERINGS + 1)):
                    world.step()
                world.duplicate_page, world.faults = False, []
                if last:
                    for move in world.moves:
                        world.finish(move)
                else:
                    world.trouble()
                got = await place.gather(*VAULTS, cursors=cursors)
                assert not (last and got.failures)
                for fact in got.facts:
                    if not isinstance(fact.body, BalanceSnapshot):
                        assert known.setdefault(fact.key_hash, fact).content_hash == fact.content_hash
                cursors |= got.cursors
        return known, got

    known, got = asyncio.run(run())
    moved = stated(known.values())
    snapshots = {fact.body.wallet: fact.body for fact in got.facts if isinstance(fact.body, BalanceSnapshot)}
    for vault in VAULTS:
        (line,) = snapshots[vault].lines
        assert line.total == world.held[vault, "BTC"] == 100 + moved[vault]
