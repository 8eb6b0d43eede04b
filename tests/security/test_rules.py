"""Every rule of ``.semgrep`` finds what it is for, and nothing in what is allowed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / ".semgrep" / "truenav.yaml"

# Path below the root, code that must be found, code that must not.
EXAMPLES = {
    "float-of-money": (
        "src/truenav/app/x.py",
        "def f(price):\n    return float(price)\n",
        "def f(price):\n    return Decimal(price)\n",
    ),
    "decimal-of-float": (
        "src/truenav/app/x.py",
        "from decimal import Decimal\nx = Decimal(0.1)\n",
        'from decimal import Decimal\nx = Decimal("0.1")\n',
    ),
    "naive-datetime": (
        "src/truenav/app/x.py",
        "from datetime import datetime\nx = datetime.now()\n",
        "from datetime import UTC, datetime\nx = datetime.now(UTC)\n"
        'y = datetime.strptime("2026", "%Y").replace(tzinfo=UTC)\n',
    ),
    "clock-in-calculation": (
        "src/truenav/calc/x.py",
        "from datetime import UTC, datetime\nx = datetime.now(UTC)\n",
        "def f(as_of):\n    return as_of\n",
    ),
    "sql-built-from-text": (
        "src/truenav/store/x.py",
        'from sqlalchemy import text\ndef f(name):\n    return text(f"SELECT * FROM {name}")\n',
        'from sqlalchemy import text\n_NAME = "a"\ndef f():\n    return text(f"SELECT * FROM {_NAME}")\n',
    ),
    "request-past-the-guard": (
        "src/truenav/app/x.py",
        "import httpx\ndef f(url):\n    return httpx.get(url)\n",
        "def f(transport, url):\n    return transport.get(url)\n",
    ),
    "router-without-authorisation": (
        "src/truenav/app/x.py",
        "from fastapi import APIRouter\nrouter = APIRouter()\n",
        "from truenav.app.http.routes import Router\nrouter = Router()\n",
    ),
    "pickled-data": (
        "src/truenav/app/x.py",
        "import pickle\ndef f(data):\n    return pickle.loads(data)\n",
        "import json\ndef f(data):\n    return json.loads(data)\n",
    ),
    "archive-by-its-own-word": (
        "src/truenav/app/x.py",
        "def f(archive):\n    archive.extractall()\n",
        "def f(archive):\n    return archive.extractfile('a')\n",
    ),
    "shell": (
        "src/truenav/app/x.py",
        "import subprocess\ndef f(x):\n    subprocess.run(x, shell=True)\n",
        "import subprocess\ndef f(x):\n    subprocess.run([x])\n",
    ),
    "segments-past-the-port": (
        "src/truenav/app/x.py",
        "def f(session, house, tenant):\n    return Journal(session, house.settings.data_dir, tenant)\n",
        "def f(session, house, tenant):\n    return Journal(session, house.objects, tenant)\n",
    ),
    "secret-compared-in-the-open": (
        "src/truenav/access/x.py",
        "def f(csrf, given):\n    return csrf == given\n",
        "def f(csrf, given):\n    return csrf is None or compare_digest(csrf, given)\n",
    ),
}


def scanned(folder: Path) -> list[dict[str, object]]:
    command = [
        Path(sys.executable).with_name("semgrep"),
        "scan",
        "--config",
        RULES,
        "--metrics=off",
        "--json",
    ]
    options = ["--disable-version-check", "--no-git-ignore", "--quiet", "src"]
    environment = {**os.environ, "SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}
    ran = subprocess.run(
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.stdout, ran.stderr
    found = json.loads(ran.stdout)
    assert found["errors"] == []
    return found["results"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Rule and file name of every finding, in one run over all examples."""
    folder = tmp_path_factory.mktemp("rules")
    for rule, (path, bad, good) in EXAMPLES.items():
        for kind, text in (("bad", bad), ("good", good)):
            place = folder / Path(path).with_name(f"{rule.replace('-', '_')}_{kind}.py")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    results = scanned(folder)
    return {(str(one["check_id"]).rpartition(".")[2], Path(str(one["path"])).stem) for one in results}


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_finds_what_it_is_for_and_nothing_else(rule: str, found: set[tuple[str, str]]) -> None:
    name = rule.replace("-", "_")
    assert (rule, f"{name}_bad") in found
    assert (rule, f"{name}_good") not in found


def test_every_rule_has_an_example() -> None:
    rules = yaml.safe_load(RULES.read_text())["rules"]
    assert {rule["id"] for rule in rules} == set(EXAMPLES)
