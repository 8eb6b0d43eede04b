"""Each connector's parsers, and files, searched for five minutes by what reaches new lines."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from .corpus import fuzzed

SECONDS = int(os.environ.get("TRUENAV_FUZZ_SECONDS", "300"))
ROOT = Path(__file__).parents[3]


@pytest.mark.nightly
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed: pip install atheris")
@pytest.mark.parametrize("target", [*fuzzed(), "files"])
def test_no_input_breaks_a_parser(target: str, tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.mkdir()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.connect.fuzz.search", target, str(good)),
            f"-max_total_time={SECONDS}",
            f"-artifact_prefix={tmp_path}/broken-",
            *("-timeout=30", "-rss_limit_mb=1500", "-max_len=100000", "-seed=1", "-verbosity=0"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=SECONDS + 300,
        check=False,
    )
    assert done.returncode == 0, f"see {tmp_path}\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
