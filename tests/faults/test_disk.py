"""The disk is full, or refuses to sync: a clean stop, nothing acknowledged, later the same result."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from truenav.core.failure import UnavailableError

from .conftest import Life
from .reef import Reef

SYNCING = ["import", "gather", "strike", "publish"]


def stopped_clean(stage: str, failing_sync: int, life: Life, reef: Reef) -> None:
    before = reef.state()
    ended = reef.do(stage, failing_sync=failing_sync)
    if ended.exit_code:
        assert ended.exit_code == UnavailableError.exit_code, ended.said
        assert "Cannot write" in ended.said
        assert "Input/output error" in ended.said
        assert "nothing was recorded" in ended.said
    found = reef.state()
    assert not found["unreadable"]
    assert set(before["facts"]) <= set(found["facts"]) <= set(life.after[stage]["facts"])
    assert found["runs"] == before["runs"] or not ended.exit_code
    told = [one for one in ended.acknowledged if one.split()[0] in ("calculated", "published")]
    assert not told or not ended.exit_code
    if ended.exit_code:
        reef.done(stage)
    assert reef.state() == life.after[stage]


@pytest.mark.parametrize("stage", SYNCING)
def test_a_disk_that_does_not_sync(stage: str, life: Life, reef_before: Callable[[str], Reef]) -> None:
    stopped_clean(stage, 1, life, reef_before(stage))


@pytest.mark.nightly
@pytest.mark.parametrize("stage", SYNCING)
@pytest.mark.parametrize("seed", range(10))
def test_a_disk_that_stops_syncing_at_any_step(
    stage: str, seed: int, life: Life, reef_before: Callable[[str], Reef]
) -> None:
    step = random.Random(seed).randint(1, life.steps[stage])
    stopped_clean(stage, step, life, reef_before(stage))


@contextmanager
def tiny_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("There is no 'mount' here to make a tiny disk with.")
    if done.returncode:
        pytest.skip(f"A tiny disk needs the right to mount: {done.stderr.strip()}.")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.nightly
@pytest.mark.parametrize("stage", ["import", "gather"])
def test_a_full_disk(stage: str, life: Life, reef_before: Callable[[str], Reef]) -> None:
    reef = reef_before(stage)
    before = reef.state()
    with tiny_disk(reef.data_dir / "blobs" / "reef"):
        with pytest.raises(OSError, match="No space"):
            (reef.data_dir / "blobs" / "reef" / "filler").write_bytes(b"\0" * 100_000)
        ended = reef.do(stage)
        assert ended.exit_code == UnavailableError.exit_code, ended.said
        assert "No space left on device" in ended.said
        assert set(reef.state()["facts"]) == set(before["facts"])
    reef.done(stage)
    assert reef.state() == life.after[stage]
