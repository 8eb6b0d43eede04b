"""The journal as a state machine beside a plain model: nothing is lost or doubled, no read changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.facts import Fact, Transfer, TransferKind, Void
from truenav.core.ids import Sha256, TenantId
from truenav.core.money import Amount, AssetId, exact
from truenav.store import migrate
from truenav.store.database import Database
from truenav.store.journal import FactQuery, Journal
from truenav.store.postgres import Role
from truenav.store.users import create_tenant

from ..conftest import FreshDatabase

T0 = datetime(2026, 3, 1, tzinfo=UTC)
ASSETS = [AssetId("iso4217:USD"), AssetId("bip122:000000000019d6689c085ae165831e93/slip44:0")]
ACCOUNTS = ["alpha", "beta"]
EVIDENCE = Sha256("e" * 64)
amounts = st.decimals(min_value="-1e15", max_value="1e15", places=18, allow_nan=False).filter(bool)
hours = st.integers(0, 48)
moves = st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(ASSETS), amounts, hours)


@dataclass(frozen=True)
class Known:
    """A statement as the model remembers it."""

    fact: Fact
    recorded_at: datetime


class Ledger(RuleBasedStateMachine):
    """Facts are posted, corrected, voided, dated back and imported again; `database` is set by the test."""

    database: Database
    folder: Path
    numbers = iter(range(1, 10**9))

    @initialize()
    def open(self) -> None:
        self.number = next(self.numbers)
        self.tenant = TenantId(f"house-{self.number}")
        self.now = T0
        self.model: list[Known] = []
        self.remembered: list[tuple[FactQuery, bytes]] = []
        with self.database.transaction(self.tenant) as session:
            create_tenant(session, name="House", at=T0)

    @rule(
        moves=st.lists(
            st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(ASSETS), amounts, hours), max_size=3
        )
    )
    def post(self, moves: list[tuple[str, AssetId, Decimal, int]]) -> None:
        """Each move has its other side, so the sum over all accounts is zero; some happened long ago."""
        facts = []
        for account, asset, number, ago in moves:
            id, at = f"move-{len(self.model) + len(facts)}", self.now - timedelta(hours=ago)
            facts.append(move(account, f"{id}-in", at, Amount(number, asset)))
            facts.append(move("world", f"{id}-out", at, Amount(number.copy_negate(), asset)))
        assert self.record(facts) == (len(facts), 0, 0)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), number=amounts)
    def correct(self, data: Any, number: Decimal) -> None:
        """The amount was another; both sides are corrected together."""
        one, other = data.draw(st.sampled_from(self.pairs()))
        found = [
            replace(
                fact,
                external_id=f"correction-{len(self.model)}-{side}",
                body=replace(fact.body, amount=Amount(amount, fact.body.amount.asset)),
                supersedes=fact.content_hash,
            )
            for side, amount, fact in (("in", number, one), ("out", number.copy_negate(), other))
        ]
        assert self.record(found) == (2, 0, 0)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def void(self, data: Any) -> None:
        pair = data.draw(st.sampled_from(self.pairs()))
        found = [
            replace(
                fact,
                external_id=f"void-{len(self.model)}-{side}",
                body=Void("never happened"),
                supersedes=fact.content_hash,
            )
            for side, fact in zip(("in", "out"), pair, strict=True)
        ]
        assert self.record(found) == (2, 0, 0)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), changed=st.booleans())
    def import_again(self, data: Any, changed: bool) -> None:
        """The same statement is a duplicate; another under the same id is refused, and what stands stands."""
        fact = data.draw(st.sampled_from([one.fact for one in self.model]))
        if changed and isinstance(fact.body, Transfer) and fact.supersedes is None:
            fact = replace(fact, body=replace(fact.body, txid="another"))
            assert self.record([fact], keep=False) == (0, 0, 1)
        else:
            assert self.record([fact], keep=False) == (0, 1, 0)

    @precondition(lambda self: any(one.fact.supersedes for one in self.model))
    @rule(data=st.data())
    def correct_what_was_corrected(self, data: Any) -> None:
        last = data.draw(st.sampled_from([one.fact for one in self.model if one.fact.supersedes]))
        second = replace(last, external_id="second", body=Void("too late"))
        assert self.record([second], keep=False) == (0, 0, 1)

    @rule(minutes=st.integers(1, 300))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(as_of=hours, known=hours)
    def read(self, as_of: int, known: int) -> None:
        query = FactQuery(as_of=self.now - timedelta(hours=as_of), known_at=self.now - timedelta(hours=known))
        self.remembered.append((query, self.compare(query)))

    @invariant()
    def the_journal_is_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        self.compare(FactQuery())
        with exact():
            for asset in ASSETS:
                moved = [
                    one.body.amount for one in self.in_force(FactQuery()) if isinstance(one.body, Transfer)
                ]
                assert sum((one.number for one in moved if one.asset == asset), Decimal(0)) == 0

    def teardown(self) -> None:
        """What was read once reads the same for ever."""
        for query, seen in getattr(self, "remembered", []):
            assert self.compare(query) == seen

    def record(self, facts: list[Fact], *, keep: bool = True) -> tuple[int, int, int]:
        self.now += timedelta(seconds=1)
        with self.database.transaction(self.tenant) as session:
            result = Journal(session, self.folder, self.tenant).append(facts, recorded_at=self.now)
        if keep:
            self.model += [Known(fact, self.now) for fact in facts]
        return result.appended, result.duplicates, len(result.conflicts)

    def pairs(self) -> list[tuple[Fact, Fact]]:
        """The two sides of every move in force; there is always one."""
        held = {fact.external_id: fact for fact in self.in_force(FactQuery())}
        names = [name for name in sorted(held) if name.endswith("-in")]
        if not names:
            self.post([("alpha", ASSETS[0], Decimal(1), 0)])
            return [(self.model[-2].fact, self.model[-1].fact)]
        return [(held[name], held[name.removesuffix("in") + "out"]) for name in names]

    def in_force(self, query: FactQuery) -> list[Fact]:
        """The plain model: nothing but a list."""
        learned = [one for one in self.model if query.known_at is None or one.recorded_at <= query.known_at]
        gone = {one.fact.supersedes for one in learned}
        return [
            one.fact
            for one in learned
            if one.fact.content_hash not in gone
            and not isinstance(one.fact.body, Void)
            and (query.as_of is None or one.fact.occurred_at <= query.as_of)
        ]

    def compare(self, query: FactQuery) -> bytes:
        with self.database.transaction(self.tenant) as session:
            journal = Journal(session, self.folder, self.tenant)
            found = [one.fact for one in journal.facts(query)]
            assert journal.count() == len(self.model)
        wanted = sorted(self.in_force(query), key=lambda one: (one.occurred_at, one.content_hash))
        assert found == wanted
        return sha256_hex(canonical_json(found)).encode()


def move(account: str, id: str, at: datetime, amount: Amount) -> Fact:
    body = Transfer("main", amount, TransferKind.EXTERNAL)
    return Fact("bank", account, id, at, body, EVIDENCE)


@pytest.fixture
def run_ledger(fresh_database: FreshDatabase, tmp_path: Path) -> Iterator[Callable[[int], None]]:
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    Ledger.database, Ledger.folder = Database(fresh_database.dsn(Role.APP)), tmp_path

    def run(examples: int) -> None:
        run_state_machine_as_test(
            Ledger,
            settings=settings(
                max_examples=examples,
                stateful_step_count=8,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )

    yield run
    Ledger.database.close()


def test_the_ledger_beside_a_plain_model(run_ledger: Callable[[int], None]) -> None:
    run_ledger(200)


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_the_ledger_beside_a_plain_model_at_length(run_ledger: Callable[[int], None]) -> None:
    run_ledger(10_000)
