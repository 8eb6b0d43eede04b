"""The whole story, by the commands of the tutorial as they are written there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import FAST_SETTINGS, ends_with_this_process

from truenav.store.postgres import EmbeddedPostgres

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorials" / "first-nav.md"


@pytest.mark.timeout(400)
def test_the_tutorial_leads_to_a_nav_that_verifies(initialised_postgres, tmp_path):
    blocks = re.findall(r"^```sh\n(.*?)^```$", TUTORIAL.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    script = "set -e\nset -o pipefail\n" + "".join(blocks).replace("truenav db stop\n", "")
    postgres = tmp_path / ".truenav" / "postgres"
    shutil.copytree(initialised_postgres, postgres)
    server = EmbeddedPostgres(postgres, settings=FAST_SETTINGS)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(tmp_path), "PYTHONPYCACHEPREFIX": str(tmp_path / "pyc")}
    with ends_with_this_process(postgres):
        server.start()
        ran = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
    assert ran.returncode == 0, ran.stderr
    assert "1,333,227.82" in ran.stdout
    assert "133.322782" in ran.stdout
    assert "alpha.zip: identical, byte for byte" in ran.stdout
    assert "alpha.zip: intact, signer not verified" in ran.stdout
    assert "changed.zip: different" in ran.stdout
    assert re.findall(r"exit code (\d)", ran.stdout) == ["7", "8"]
    assert "Traceback" not in ran.stderr
