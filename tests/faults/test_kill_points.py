"""Killed at every named commit point and at random: nothing is lost, and done again it gives the same."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from truenav.core.failure import ConflictError
from truenav.store import migrate
from truenav.store.commit_points import COMMIT_POINTS, VARIABLE
from truenav.store.postgres import Role

from ..conftest import FreshDatabase
from .conftest import Life
from .reef import Ended, Reef

STAGE_OF = {
    "gather.archived": "gather",
    "gather.recorded": "gather",
    "import.archived": "import",
    "import.recorded": "import",
    "nav.collected": "strike",
    "nav.calculated": "strike",
    "nav.approved": "approve",
    "nav.bundled": "publish",
    "nav.published": "publish",
}
PASSINGS = {"gather.archived": 6, "gather.recorded": 6, "import.archived": 3, "import.recorded": 3}
KILLS = [(point, n) for point in STAGE_OF for n in range(1, PASSINGS.get(point, 1) + 1)]

ATTEMPTS = {"import": 2, "strike": 4, "approve": 1, "publish": 2}
"""How often each stage is tried with a kill before it is let end; a strike gathers by itself."""
RESULTS = ("calculated ", "approved ", "published ")
ALREADY = ConflictError.exit_code
"""The answer to an approval or publication whose first attempt was committed just before the kill."""


ELSEWHERE = {"migrate.applied", "gather.part", "orders.intended", "orders.sent", "orders.answered"}
"""Killed at by tests of their own: below, of a long history in `tests.app.sources.test_gather_parts`, and of
orders in `tests.app.trading.test_kills`."""


def test_every_commit_point_has_its_kill() -> None:
    assert STAGE_OF.keys() | ELSEWHERE == COMMIT_POINTS.keys()


@pytest.mark.parametrize(("point", "passing"), KILLS)
def test_killed_at_a_commit_point_and_done_again(
    point: str, passing: int, life: Life, reef_before: Callable[[str], Reef]
) -> None:
    stage = STAGE_OF[point]
    reef = reef_before(stage)
    killed = reef.do(stage, environment={VARIABLE: f"{point}:{passing}"})
    assert killed.exit_code == -signal.SIGKILL, killed.said
    refuse_half(reef.state(), life.after[stage], killed)
    reef.done(stage)
    assert reef.state() == life.after[stage]


def test_killed_while_migrating_and_migrated_again(
    life: Life, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    reef = replace(life.before["import"], name=fresh_database.name, data_dir=tmp_path)
    owner = fresh_database.dsn(Role.OWNER)
    killed = reef.do("migrate", owner_dsn=owner, environment={VARIABLE: "migrate.applied"})
    assert killed.exit_code == -signal.SIGKILL, killed.said
    assert migrate.current(owner) is None
    steps = reef.done("migrate", owner_dsn=owner).steps
    assert migrate.current(owner) == migrate.wanted()
    migrate.downgrade(owner)
    for fatal in random.Random(7).sample(range(1, steps), 3):
        killed = reef.do("migrate", owner_dsn=owner, fatal_step=fatal)
        assert killed.exit_code == -signal.SIGKILL, killed.said
        assert migrate.current(owner) is None
    reef.done("migrate", owner_dsn=owner)
    assert migrate.current(owner) == migrate.wanted()


def killed_again_and_again(seed: int, life: Life, reef: Reef) -> int:
    """The way from files to a published NAV, killed at random instants; gives how often it was."""
    chance, kills = random.Random(seed), 0
    for stage, attempts in ATTEMPTS.items():
        for _ in range(attempts):
            ended = reef.do(stage, fatal_step=chance.randint(1, life.steps[stage]))
            assert ended.exit_code in (0, -signal.SIGKILL, ALREADY), ended.said
            kills += ended.exit_code == -signal.SIGKILL
            refuse_half(reef.state(), life.after["publish"], ended)
        finished = reef.do(stage)
        assert finished.exit_code in (0, ALREADY), finished.said
        if stage != "publish":
            assert reef.state() == life.after[stage]
    assert reef.bundle() == life.published[0].bundle()
    return kills


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_instants_the_nav_is_the_same_to_the_byte(
    seed: int, life: Life, reef_before: Callable[[str], Reef]
) -> None:
    assert killed_again_and_again(seed, life, reef_before("import")) >= 5


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_killed_five_hundred_times(life: Life, reef_before: Callable[[str], Reef]) -> None:
    kills, seed = 0, 1000
    while kills < 500:
        reef = reef_before("import")
        kills += killed_again_and_again(seed, life, reef)
        seed += 1
        print(f"{kills} kills", flush=True)


def refuse_half(found: dict[str, Any], whole: dict[str, Any], ended: Ended) -> None:
    """What was acknowledged stands; a payload's facts stand together; a run is in a state with its result."""
    assert not found["unreadable"]
    assert set(found["facts"]) <= set(whole["facts"])
    payloads = {evidence for evidence, _, _ in found["facts"]}
    assert {one for one in whole["facts"] if one[0] in payloads} == set(found["facts"])
    told = set(ended.acknowledged)
    assert {one for one in whole["facts"] if one[1] in told} <= set(found["facts"])
    (run,) = found["runs"]
    assert (run.state == "collecting") == (run.result_sha is None)
    assert (run.state == "published") == (run.bundle_sha is not None)
    results = {sha.hex() for sha in (run.result_sha, run.bundle_sha) if sha}
    assert {one.split()[1] for one in told if one.startswith(RESULTS)} <= results
