"""One installation for all tests of a worker; each test has a tenant of its own and people in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from itertools import count
from pathlib import Path

import pytest
from tests.conftest import FAST_SETTINGS, ends_with_this_process

from truenav.access.passwords import hash_password
from truenav.app.house import open_house
from truenav.app.settings import Settings
from truenav.cli import run
from truenav.core.clock import SystemClock
from truenav.core.ids import UserId
from truenav.store import users
from truenav.store.postgres import EmbeddedPostgres

PASSWORD = "violet otter climbs 7 stairs"

_numbers = count(1)


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@dataclass
class Shell:
    """Runs commands in this process, in a folder and tenant of the test."""

    folder: Path
    data_dir: Path
    tenant: str
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        given = TextIOWrapper(BytesIO(stdin.encode()), encoding="utf-8")
        self.monkeypatch.setattr("sys.argv", ["truenav", *arguments])
        self.monkeypatch.setattr("sys.stdin", given)
        with redirect_stdout(out), redirect_stderr(err):
            code = run()
        printed, said = (stream.buffer.getvalue().decode() for stream in (out, err))
        return Ran(code, printed, said)

    def ok(self, *arguments: str, stdin: str = "") -> str:
        """A command that must succeed; gives what it printed."""
        ran = self(*arguments, stdin=stdin)
        assert ran.code == 0, ran.err
        return ran.out

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def log_in(self, user: str) -> None:
        self.ok("login", "--email", f"{user}@{self.tenant}.test", "--password-stdin", stdin=PASSWORD + "\n")


@pytest.fixture(scope="session")
def cli_data_dir(initialised_postgres: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of an installation whose database runs."""
    data_dir = tmp_path_factory.mktemp("cli") / "data"
    shutil.copytree(initialised_postgres, data_dir / "postgres")
    server = EmbeddedPostgres(data_dir / "postgres", settings=FAST_SETTINGS)
    with ends_with_this_process(data_dir / "postgres"):
        server.start()
        yield data_dir


@pytest.fixture(scope="session")
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def shell(cli_data_dir: Path, tmp_path: Path, password_hash: str, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A tenant with one user of each role, called as the role, and nobody logged in."""
    monkeypatch.setenv("TRUENAV_DATA_DIR", str(cli_data_dir))
    monkeypatch.delenv("TRUENAV_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    tenant = f"cli-{next(_numbers)}"
    now = SystemClock().now()
    with (
        open_house(Settings(data_dir=cli_data_dir)) as house,
        house.database.transaction(tenant) as session,
    ):
        users.create_tenant(session, tenant, at=now)
        for role in ("administrator", "manager", "operator", "finance", "auditor"):
            email = f"{role}@{tenant}.test"
            users.create_user(
                session, users.User(UserId(role), role, email, password_hash, (role,), None, now)
            )
    (cli_data_dir / "cli-session").unlink(missing_ok=True)
    return Shell(tmp_path, cli_data_dir, tenant, monkeypatch)


@pytest.fixture
def manager(shell: Shell) -> Shell:
    shell.log_in("manager")
    return shell


NODES = """{"id": "alpha", "name": "Alpha Fund", "kind": "fund"}
{"id": "alpha-core", "name": "Core", "kind": "strategy", "parent": "alpha"}
"""
RULE = '{"account": "vault", "rank": 1, "node": "alpha-core", "selector": {"is": "share", "share": "1"}}'
SHARE_CLASS = (
    '{"id": "alpha-a", "fund": "alpha", "name": "A", "currency": "iso4217:USD", "management_fee_rate": "0"}'
)
POLICY = """{"id": "default", "rules": [{"applies_to": "*", "waterfall":
[{"source": "file:prices", "kind": "last", "quote": "iso4217:USD"}],
"stale_after_seconds": 900, "unusable_after_seconds": 86400}]}"""
BALANCES = """account,as_of,asset,amount
vault,2026-01-31T08:00:00Z,BTC,2
vault,2026-01-31T08:00:00Z,USDC,1000
"""
PRICES = """at,base,quote,price
2026-01-31T07:59:00Z,BTC,USD,80000
2026-01-31T07:59:00Z,USDC,USD,1
"""
DEALINGS = """fund,share_class,external_id,occurred_at,kind,investor,units,amount,currency
alpha,alpha-a,first,2026-01-02T00:00:00Z,subscription,founders,1000,150000,USD
"""


@pytest.fixture
def fund(manager: Shell) -> Shell:
    """The fund alpha, whose one account is imported by file: 2 BTC at 80,000 USD and 1,000 USDC."""
    manager.ok("portfolio", "node", "put", manager.write("nodes.jsonl", NODES))
    manager.ok("account", "add", "vault", "--venue", "custodian", "--kind", "custodian")
    manager.ok("portfolio", "rule", "put", "-", stdin=RULE)
    manager.ok("portfolio", "class", "put", "-", stdin=SHARE_CLASS)
    manager.ok("pricing", "policy", "put", "-", stdin=POLICY)
    manager.ok("import", "run", manager.write("balances.csv", BALANCES))
    manager.ok("import", "run", manager.write("prices.csv", PRICES))
    manager.ok("import", "run", manager.write("dealings.csv", DEALINGS))
    return manager
