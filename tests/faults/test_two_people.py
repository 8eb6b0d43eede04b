"""Four eyes as a state machine, and people and workers who act at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from truenav.access.policy import Principal
from truenav.access.users import system_principal
from truenav.app.nav import runs as service
from truenav.core.failure import ConflictError, ForbiddenError, NotFoundError, TruenavError
from truenav.core.ids import RunId, TenantId, UserId
from truenav.store import runs as store
from truenav.store.runs import Run, RunState

from .conftest import Life
from .reef import CHECKER, FUND, MAKER, NOW, TENANT, Reef, person

STRANGER = Principal(UserId("finn"), TenantId("atoll"), frozenset({"finance"}))
PEOPLE = {
    "maker": person(MAKER),
    "maker, also finance": replace(person(MAKER), roles=frozenset({"manager", "finance"})),
    "maker by token": replace(person(MAKER), roles=frozenset({"manager", "finance"}), via="token"),
    "checker": person(CHECKER),
    "second checker": person(("fred", "finance")),
    "checker with a reading token": replace(person(CHECKER), scopes=frozenset({"nav:read"}), via="token"),
    "checker's account elsewhere": STRANGER,
    "administrator": person(("ada", "administrator")),
    "schedule": system_principal(TENANT),
    "nobody": Principal(UserId("nemo"), TENANT, frozenset()),
}
MAY_DECIDE = {"checker", "second checker"}
OTHER_RESULT = "ab" * 32


@dataclass
class Expected:
    """What a run must be like."""

    state: RunState
    result: str
    seen: list[str]
    approved_by: str | None = None


class FourEyes(RuleBasedStateMachine):
    """Anybody tries anything on runs with a real result; `reef` is set by the test."""

    reef: Reef
    real: Run
    numbers = iter(range(1, 10**9))
    known = Bundle("known")

    @initialize()
    def open(self) -> None:
        self.closing = ExitStack()
        self.house = self.closing.enter_context(self.reef.house())
        self.expected: dict[RunId, Expected] = {}

    def teardown(self) -> None:
        self.closing.close()

    def transaction(self, tenant: TenantId = TENANT) -> Any:
        return self.house.database.transaction(tenant)

    @rule(target=known)
    def calculate(self) -> RunId:
        number = next(self.numbers)
        id, at = RunId(f"reef-{number}"), NOW - timedelta(microseconds=number)
        with self.transaction() as session:
            run = store.create(session, id, fund=FUND, as_of=at, known_at=NOW, by=MAKER[0], at=NOW)
            self._calculated(session, run, self.real.result_sha or "")
        self.expected[id] = Expected(RunState.CALCULATED, self.real.result_sha or "", [])
        return id

    @rule(run=known, other=st.booleans())
    def strike_again(self, run: RunId, other: bool) -> None:
        """A result that was not decided on may change; later it may not."""
        result = OTHER_RESULT if other else self.real.result_sha or ""
        mine = self.expected[run]
        try:
            with self.transaction() as session:
                found = store.get(session, run)
                again = store.advance(session, found, RunState.COLLECTING, by=MAKER[0], at=NOW)
                self._calculated(session, again, result)
        except ConflictError:
            assert mine.state is not RunState.CALCULATED
        else:
            assert mine.state is RunState.CALCULATED
            mine.seen.append(mine.result)
            mine.result = result

    @rule(run=known, who=st.sampled_from(sorted(PEOPLE)), stale=st.booleans())
    def approve(self, run: RunId, who: str, stale: bool) -> None:
        mine = self.expected[run]
        seen = mine.seen[-1] if stale and mine.seen else mine.result
        allowed = who in MAY_DECIDE and mine.state is RunState.CALCULATED and seen == mine.result
        if self._tried(who, allowed, lambda s, p: service.approve(s, self.house, p, run, result_sha=seen)):
            mine.state, mine.approved_by = RunState.APPROVED, PEOPLE[who].user

    @rule(run=known, who=st.sampled_from(sorted(PEOPLE)))
    def reject(self, run: RunId, who: str) -> None:
        mine = self.expected[run]
        open_ = mine.state in (RunState.CALCULATED, RunState.APPROVED)
        allowed = who in MAY_DECIDE and open_
        if self._tried(who, allowed, lambda s, p: service.reject(s, self.house, p, run, reason="no")):
            mine.state = RunState.REJECTED

    @rule(run=known, who=st.sampled_from(sorted(PEOPLE)))
    def publish_unapproved(self, run: RunId, who: str) -> None:
        if self.expected[run].state is not RunState.APPROVED:
            self._tried(who, False, lambda s, p: service.publish(s, self.house, p, run))

    @rule(run=consumes(known), who=st.sampled_from(sorted(MAY_DECIDE)))
    def publish(self, run: RunId, who: str) -> None:
        mine = self.expected[run]
        allowed = mine.state is RunState.APPROVED and mine.result == self.real.result_sha
        if self._tried(who, allowed, lambda s, p: service.publish(s, self.house, p, run)):
            mine.state = RunState.PUBLISHED

    @invariant()
    def every_run_is_as_its_decisions_made_it(self) -> None:
        with self.transaction() as session:
            for id, mine in getattr(self, "expected", {}).items():
                run = store.get(session, id)
                assert (run.state, run.approved_by) == (mine.state, mine.approved_by)
                assert run.approved_by != run.created_by
                assert run.state is not RunState.PUBLISHED or run.approved_by is not None

    def _calculated(self, session: Any, run: Run, result: str) -> None:
        values = {"inputs_sha": self.real.inputs_sha, "result_sha": result, "quality": "complete"}
        store.advance(session, run, RunState.CALCULATED, by=MAKER[0], at=NOW, **values)

    def _tried(self, who: str, allowed: bool, action: Callable[[Any, Principal], object]) -> bool:
        principal = PEOPLE[who]
        try:
            with self.transaction(principal.tenant) as session:
                action(session, principal)
        except (ForbiddenError, ConflictError, NotFoundError):
            assert not allowed
            return False
        except TruenavError as error:
            raise AssertionError(f"{who}: {error.message}") from error
        assert allowed, f"{who} must not"
        return True


def run_machine(life: Life, reef: Reef, examples: int) -> None:
    (row,) = life.after["strike"]["runs"]
    with reef.house() as house, house.database.transaction(TENANT) as session:
        FourEyes.real = store.get(session, RunId(row.id))
    FourEyes.reef = reef
    run_state_machine_as_test(
        FourEyes,
        settings=settings(
            max_examples=examples,
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nothing_takes_effect_without_two_people(life: Life, reef_before: Callable[[str], Reef]) -> None:
    run_machine(life, reef_before("approve"), 200)


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_nothing_takes_effect_without_two_people_at_length(
    life: Life, reef_before: Callable[[str], Reef]
) -> None:
    run_machine(life, reef_before("approve"), 10_000)


FRED = ("fred", "finance")


def test_two_people_approve_at_once_and_one_of_them_has(
    life: Life, reef_before: Callable[[str], Reef]
) -> None:
    reef = reef_before("approve")
    both = [reef.start("approve", person=who) for who in (CHECKER, FRED)]
    ended = [one.wait() for one in both]
    assert sorted(one.exit_code for one in ended) == [0, 4], [one.said for one in ended]
    (run,) = reef.state()["runs"]
    assert run.approved_by == (CHECKER, FRED)[[one.exit_code for one in ended].index(0)][0]
    assert [event.state for event in reef.state()["events"]].count("approved") == 1


def test_somebody_approves_while_another_publishes(life: Life, reef_before: Callable[[str], Reef]) -> None:
    reef = reef_before("publish")
    publishing, approving = reef.start("publish"), reef.start("approve", person=FRED)
    again = approving.wait()
    assert again.exit_code == 4, "who approved is not replaced"
    assert "cannot become approved" in again.said
    assert publishing.wait().exit_code == 0
    assert reef.state() == life.after["publish"]


def test_two_people_publish_at_once_and_it_is_published_once(
    life: Life, reef_before: Callable[[str], Reef]
) -> None:
    reef = reef_before("publish")
    both = [reef.start("publish") for _ in range(2)]
    assert sorted(one.wait().exit_code for one in both) == [0, 4]
    assert reef.state() == life.after["publish"]


def test_a_run_that_two_processes_strike_at_once_is_calculated_once(
    life: Life, reef_before: Callable[[str], Reef]
) -> None:
    reef = reef_before("strike")
    both = [reef.start("strike") for _ in range(2)]
    ended = [one.wait() for one in both]
    assert [one.exit_code for one in ended] == [0, 0], [one.said for one in ended]
    assert ended[0].acknowledged[0] == ended[1].acknowledged[0]
    assert reef.state() == life.after["strike"]


def test_an_approval_of_what_changed_meanwhile_is_refused_by_what_the_approver_saw(
    reef_before: Callable[[str], Reef],
) -> None:
    reef = reef_before("approve")
    ended = reef.do("approve", result=OTHER_RESULT)
    assert ended.exit_code == 4
    assert f"You saw result {OTHER_RESULT[:16]}" in ended.said
    assert [run.state for run in reef.state()["runs"]] == ["calculated"]
