"""``truenav demo``: a fund of funds from connected accounts to a verified NAV, by the product's own services.

Nothing here computes or shortens anything: each step calls what a command or endpoint calls. The venues
are a simulator in a process of its own; the product knows of it only base URLs.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from truenav.cli.common import say, settings
from truenav.core.failure import TruenavError, UnavailableError

if TYPE_CHECKING:
    from truenav.access.policy import Principal
    from truenav.app.catalogue import Catalogue
    from truenav.app.house import House
    from truenav.store.runs import Run

SIMULATOR_SECONDS = 20.0


class DemoFilesMissingError(TruenavError):
    """The demo fund's files are part of the checkout, not of the package."""

    code = "demo-files-missing"
    exit_code = 3


@click.command()
@click.option("--once", is_flag=True, help="Stop after the verified NAV instead of serving.")
@click.option("--files", type=click.Path(file_okay=False, path_type=Path), help="Folder of the demo fund.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the API.")
def demo(*, once: bool, files: Path | None, port: int | None) -> None:
    """Run the demo fund: connect, gather, value, NAV, approve, publish, export, verify; then serve it."""
    folder = files or Path(__file__).parents[3] / "examples" / "demo_fund"
    if not (folder / "fund.json").is_file():
        raise DemoFilesMissingError(f"{folder} holds no demo fund; run this in a checkout, or give --files.")
    began = time.monotonic()
    steps = _Steps()
    with _simulator(folder) as address, _opened(steps) as house:
        _run(_Demo(house, folder, address, steps))
        say(f"\nFrom start to verified NAV: {time.monotonic() - began:.1f} s")
        if not once:
            _serve(port)


def _run(show: _Demo) -> None:
    show.people()
    show.portfolio()
    show.connect()
    show.import_files()
    show.gather()
    show.history()
    run = show.strike_live()
    show.approve_and_publish(run)
    show.export_and_verify(run)
    show.log_ins()


class _Steps:
    """Prints numbered stages with their time."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.count += 1
        say(f"\n{self.count}. {title}")
        began = time.monotonic()
        yield
        say(f"   done in {time.monotonic() - began:.1f} s")


@contextmanager
def _opened(steps: _Steps) -> Iterator[House]:
    from truenav.app.house import open_house

    with steps.step("Database: start PostgreSQL, migrate"):
        opened = open_house(settings())
        house = opened.__enter__()
    try:
        yield house
    finally:
        opened.__exit__(None, None, None)


@contextmanager
def _simulator(folder: Path) -> Iterator[str]:
    """The venues, as a process of their own on a free port; ended with us."""
    port = _free_port()
    state = settings().data_dir / "simulator"
    state.mkdir(parents=True, exist_ok=True)
    scenario = str(folder / "scenario.toml")
    command = ["simulator", "serve", scenario, "--port", str(port), "--state-dir", str(state)]
    with (state / "log.txt").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "truenav", *command], stdout=log, stderr=log, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _await_simulator(process, address, state / "log.txt")
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


def _await_simulator(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    import httpx

    deadline = time.monotonic() + SIMULATOR_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{address}/_simulator/state", timeout=1).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    last = log.read_text("utf-8", errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
    raise UnavailableError(f"The simulator did not start: {last[0]} (see {log})")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(port: int | None) -> None:
    from truenav.cli.serve import serve

    arguments = [] if port is None else ["--port", str(port)]
    serve.main(arguments, standalone_mode=False)


@dataclass
class _Demo:
    """The demo fund's files played through the product's services."""

    house: House
    folder: Path
    address: str
    steps: _Steps

    def __post_init__(self) -> None:
        from truenav.core.ids import TenantId

        self.plan: dict[str, Any] = json.loads((self.folder / "fund.json").read_text("utf-8"))
        self.tenant = TenantId(self.plan["tenant"])
        state = self._ask("state")
        self.inception = datetime.fromisoformat(state["inception"])
        self.started = self.house.clock.now()

    # -- people and portfolio

    def people(self) -> None:
        """The tenant and its three users, at the first time."""
        from truenav.access import users
        from truenav.access.bootstrap import create_tenant
        from truenav.access.users import NewUser
        from truenav.store import users as store

        with self.steps.step("People: tenant, administrator, maker, checker"):
            new: list[NewUser] = [
                NewUser(**{**user, "roles": tuple(user["roles"])}) for user in self.plan["users"]
            ]
            now = self.house.clock.now()
            with self.house.database.transaction(self.tenant) as session:
                known = {user.id for user in store.list_users(session)}
            if not known:
                name, first = self.plan["name"], new[0]
                create_tenant(self.house.database, self.tenant, name=name, administrator=first, now=now)
            self.ada = self._log_in(self.plan["users"][0])
            with self.house.database.transaction(self.tenant) as session:
                known = {user.id for user in store.list_users(session)}
                for user in new:
                    if user.id not in known:
                        users.add_user(session, self.ada, user, now=now)
            self.max, self.fay = (self._log_in(user) for user in self.plan["users"][1:])

    def portfolio(self) -> None:
        """Tree, accounts, sub-book rules, classes, policies, numeraires: written where they changed."""
        from truenav.app.portfolio.catalogues import NODES, RULES, SHARE_CLASSES
        from truenav.app.pricing.catalogues import NUMERAIRES
        from truenav.app.sources.catalogues import ACCOUNTS

        with self.steps.step("Portfolio: 1 fund of funds, 5 funds, 15 managed accounts on 8 accounts"):
            self._ensure(ACCOUNTS, self.plan["accounts"])
            self._ensure(NODES, self.plan["nodes"])
            self._ensure(RULES, self.plan["rules"])
            self._ensure(SHARE_CLASSES, self.plan["share_classes"])
            self._ensure(NUMERAIRES, [self._index_numeraire()])

    def _index_numeraire(self) -> dict[str, Any]:
        """The custom index, its base prices those of the inception day."""
        rows = _read_csv(self._prices(self.inception))
        usd = {row["base"]: row["price"] for row in rows if row["quote"] == "USD" and row["kind"] == "last"}
        components = [
            {"asset": one["asset"], "weight": one["weight"], "base_price_usd": usd[one["symbol"]]}
            for one in self.plan["index"]["components"]
        ]
        return {
            "is": "index",
            "code": self.plan["index"]["code"],
            "base_value": self.plan["index"]["base_value"],
            "base_at": self.inception.isoformat(),
            "components": components,
        }

    # -- sources

    def connect(self) -> None:
        """Six keys, each checked at its venue; two price sources."""
        from truenav.app.sources.connections import add_connection
        from truenav.app.sources.model import Connection
        from truenav.connect.contract import Credentials
        from truenav.core.ids import AccountId, ConnectionId

        with self.steps.step("Connections: check and store keys, read-only ones alone are accepted"):
            for account in self.plan["accounts"]:
                if account["venue"] not in ("binance", "okx"):
                    continue
                name = account["id"]
                phrase = f"demo-{name}-phrase" if account["venue"] == "okx" else ""
                key = Credentials(f"demo-{name}-key", f"demo-{name}-secret", phrase)
                self._connect(
                    Connection(
                        ConnectionId(name), account["venue"], AccountId(name), self.inception, self.address
                    ),
                    key,
                )
            vendor = Credentials("demo-vendor-key")
            for connector, credentials in (("ecb", None), ("vendor", vendor)):
                connection = Connection(
                    ConnectionId(connector), connector, None, self.inception, self.address
                )
                with self.house.database.transaction(self.tenant) as session:
                    add_connection(session, self.house, self.max, connection, credentials)
                say(f"   {connector}: price source")

    def _connect(self, connection: Any, credentials: Any) -> None:
        from truenav.app.sources.connections import add_connection

        with self.house.database.transaction(self.tenant) as session:
            added = add_connection(session, self.house, self.max, connection, credentials)
        assert added.check is not None
        offset = added.check.clock_offset.total_seconds() * 1000
        rights = f"read {added.check.read}, trade {added.check.trade}, withdraw {added.check.withdraw}"
        say(f"   {connection.id}: {rights}; clock {offset:+.0f} ms")

    def import_files(self) -> None:
        """Dealings, manual items, and the statements of the custodian and the wallet."""
        with self.steps.step("Files: dealings, manual items, statements of custodian and wallet"):
            self._import("dealings.csv", self._dealings())
            self._manual_items()
            for account in ("custodian-cold", "evm-treasury"):
                self._import_statement(account, None, ("transfers", "balances"))

    def gather(self) -> None:
        """All connections side by side, with their whole history."""
        from truenav.app.sources.gather import gather

        with self.steps.step("Gathering: balances, positions, fills, funding, prices"):
            for outcome in gather(self.house, self.tenant):
                failed = "".join(f" ! {failure.message}" for failure in outcome.failures)
                say(
                    f"   {outcome.subject:<24} {outcome.facts:>5} facts, {outcome.duplicates:>5} known, "
                    f"{outcome.requests:>3} requests{failed}"
                )

    # -- NAVs

    def history(self) -> None:
        """NAVs of the last days from statements at each midnight, valued at closing prices."""
        from truenav.app.pricing.catalogues import PRICING_POLICIES
        from truenav.calc.pricing.defaults import default_policy
        from truenav.store import runs

        midnight = self.started.replace(hour=0, minute=0, second=0, microsecond=0)
        with self.house.database.transaction(self.tenant) as session:
            known = [
                run for run in runs.list_runs(session, fund=self.plan["fund"]) if run.state == "published"
            ]
        with self.steps.step("History: three daily NAVs from statements and closing prices"):
            if known:
                say("   published already")
            else:
                self._put(PRICING_POLICIES, closing_policy())
                for days in self.plan["history_days"]:
                    at = midnight - timedelta(days=days - 1)
                    if at < self.started:
                        self._history_day(at)
        self._put(PRICING_POLICIES, default_policy())

    def _history_day(self, at: datetime) -> None:
        from truenav.app.nav.archived import read_result

        for account in self.plan["accounts"]:
            self._import_statement(account["id"], at, ("balances", "positions"))
        self._import("prices.csv", self._prices(at).read_bytes())
        run = self._strike(at)
        self._approve(run)
        self._publish(run)
        result = read_result(self.house.blobs(self.tenant), run)
        say(f"   {at:%Y-%m-%d}: NAV USD {result.root.nav_usd:,.2f}, {result.quality}")

    def strike_live(self) -> Run:
        """The T+0 NAV: gathered now."""
        from truenav.app.nav.archived import read_result
        from truenav.cli.nav import print_result

        with self.steps.step("NAV: gather what changed, value, compute"):
            for account in ("custodian-cold", "evm-treasury"):
                self._import_statement(account, None, ("transfers", "balances"))
            run = self._strike(None)
        result = read_result(self.house.blobs(self.tenant), run)
        click.echo()
        print_tree(result, self.plan["nodes"])
        click.echo()
        print_result(result, None)
        return run

    def approve_and_publish(self, run: Run) -> None:
        """The maker may not approve; somebody else does, and publishes."""
        from truenav.core.failure import ForbiddenError

        with self.steps.step("Approval by a second person, publication"):
            try:
                self._approve(run, self.max)
            except ForbiddenError as error:
                say(f"   {error.message}")
            self._approve(run)
            self._publish(run)

    def export_and_verify(self, run: Run) -> None:
        """The evidence bundle, checked by the verifier in a process without database or network."""
        from truenav.app.nav.archived import read_bundle
        from truenav.app.nav.signer import tenant_signer
        from truenav.app.nav.signing import fingerprint_of
        from truenav.store import runs

        with self.steps.step("Evidence bundle, verified offline"):
            with self.house.database.transaction(self.tenant) as session:
                run = runs.get(session, run.id)
                public = tenant_signer(session, self.house).public_key
            folder = settings().data_dir / "bundles"
            folder.mkdir(exist_ok=True)
            path = folder / f"{run.id}.zip"
            path.write_bytes(read_bundle(self.house.blobs(self.tenant), run))
            say(f"   bundle: {path} ({path.stat().st_size:,} bytes)")
            say(f"   truenav verify {path} --key {fingerprint_of(public)}")
            done = _truenav("verify", str(path), "--key", fingerprint_of(public))
            say("   " + done.replace("\n", "\n   ").rstrip())

    def log_ins(self) -> None:
        """Who can log in."""
        say("\nLog-ins of the demo (tenant 'demo'):")
        for user in self.plan["users"]:
            say(f"   {user['email']:<20} {user['password']:<24} {user['name']}")

    # -- small things

    def _log_in(self, user: dict[str, Any]) -> Principal:
        return self.house.access.log_in(
            user["email"], user["password"], address="demo", tenant=self.tenant
        ).principal

    def _ensure(self, catalogue: Catalogue[Any], wanted: Sequence[dict[str, Any]]) -> None:
        """Write the definitions that are not there as wanted, in their order."""
        with self.house.database.transaction(self.tenant) as session:
            known = {one.id: one.body for one in catalogue.list_all(session, self.max)}
            for data in wanted:
                body = catalogue.parse(data)
                if known.get(catalogue.id_of(body)) != body:
                    catalogue.put(session, self.house, self.max, body)

    def _put(self, catalogue: Catalogue[Any], body: Any) -> None:
        from truenav.core.canonical import encode

        self._ensure(catalogue, [encode(body)])

    def _import(self, name: str, data: bytes) -> None:
        from truenav.app.sources.imports import run_import

        with self.house.database.transaction(self.tenant) as session:
            done = run_import(session, self.house, self.max, name, data)
        say(f"   {name:<16} {done.facts:>5} facts, {done.duplicates:>5} known")

    def _import_statement(self, account: str, at: datetime | None, kinds: Sequence[str]) -> None:
        folder = settings().data_dir / "statements" / account
        options = [] if at is None else ["--as-of", at.isoformat()]
        self._simulate("export", "--account", account, "--out", str(folder), *options)
        for kind in kinds:
            data = (folder / f"{kind}.csv").read_bytes()
            if data.count(b"\n") > 1:
                self._import(f"{kind}.csv", data)

    def _prices(self, at: datetime) -> Path:
        path = settings().data_dir / "statements" / "prices.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._simulate("prices", "--out", str(path), "--as-of", at.isoformat())
        return path

    def _simulate(self, verb: str, *arguments: str) -> None:
        state = str(settings().data_dir / "simulator")
        scenario = str(self.folder / "scenario.toml")
        _truenav("simulator", verb, scenario, "--state-dir", state, *arguments)

    def _ask(self, what: str) -> Any:
        import httpx

        return httpx.get(f"{self.address}/_simulator/{what}", timeout=5).json()

    def _dealings(self) -> bytes:
        lines = ["fund,share_class,external_id,occurred_at,kind,investor,units,amount,currency"]
        for number, one in enumerate(self.plan["dealings"], 1):
            at = self.inception + _offset(one["after"])
            values = [one["fund"], one["share_class"], f"dealing-{number:03}", at.isoformat(), one["kind"]]
            values += [one["investor"], one["units"], one["amount"], one["currency"]]
            lines.append(",".join(values))
        return ("\n".join(lines) + "\n").encode()

    def _manual_items(self) -> None:
        from truenav.app.sources.context import parse_context
        from truenav.app.sources.entries import EntryConflictError, enter
        from truenav.core.facts import ManualItem, ManualKind
        from truenav.core.money import Amount, parse_decimal

        for number, one in enumerate(self.plan["manual_items"], 1):
            at = self.inception + _offset(one["after"])
            with self.house.database.transaction(self.tenant) as session:
                asset = parse_context(session).assets.resolve("manual", one["asset"], at)
                amount = Amount(parse_decimal(one["amount"]), asset)
                item = ManualItem(one["node"], ManualKind(one["kind"]), amount, one["reason"])
                try:
                    enter(
                        session,
                        self.house,
                        self.fay,
                        item,
                        occurred_at=at,
                        reason=one["reason"],
                        external_id=f"manual-{number:03}",
                    )
                except EntryConflictError:
                    say(f"   manual-{number:03}: entered already")

    def _strike(self, at: datetime | None) -> Run:
        from truenav.app.nav.runs import advance_run, start_run
        from truenav.core.ids import NodeId

        with self.house.database.transaction(self.tenant) as session:
            run = start_run(session, self.house, self.max, NodeId(self.plan["fund"]), as_of=at)
        return advance_run(self.house, self.tenant, run.id)

    def _approve(self, run: Run, who: Principal | None = None) -> None:
        from truenav.app.nav.runs import approve

        with self.house.database.transaction(self.tenant) as session:
            approve(session, self.house, who or self.fay, run.id, result_sha=run.result_sha or "")

    def _publish(self, run: Run) -> None:
        from truenav.app.nav.runs import publish

        with self.house.database.transaction(self.tenant) as session:
            publish(session, self.house, self.fay, run.id)


def closing_policy() -> Any:
    """The policy of a migration: everything at the imported closing prices of its instant."""
    from truenav.calc.pricing.defaults import default_policy

    return _without_live_prices(default_policy())


def _without_live_prices(policy: Any) -> Any:
    rules = []
    for rule in policy.rules:
        imported = tuple(
            one for one in rule.waterfall if one.source.startswith("file:") or one.source == "ecb"
        )
        rules.append(replace(rule, waterfall=imported or rule.waterfall, index=None))
    return replace(policy, rules=tuple(rules), indices=())


def print_tree(result: Any, nodes: Sequence[dict[str, Any]]) -> None:
    """The tree with value, exposure and leverage."""
    from truenav.cli.common import table
    from truenav.cli.nav import money

    names = {node["id"]: node["name"] for node in nodes}
    parents = {node["id"]: node.get("parent") for node in nodes}
    rows = []
    for total in result.nodes:
        depth = 0
        place = parents.get(total.node)
        while place is not None:
            depth, place = depth + 1, parents.get(place)
        label = "  " * depth + names.get(total.node, total.node)
        leverage = "—" if total.leverage is None else f"{total.leverage:.2f}"
        figures = (total.value_usd, total.gross_exposure_usd, total.net_exposure_usd, total.unrealised_usd)
        rows.append([label, *(money(one, 0) for one in figures), leverage])
    table(["node", "value USD", "gross exposure", "net exposure", "unrealised", "leverage"], rows)


def _truenav(*arguments: str) -> str:
    """Run a command of ours in a process of its own; its refusal is ours."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "truenav", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(f"truenav {' '.join(arguments[:2])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def _offset(text: str) -> timedelta:
    """``6d12:00`` as a span of time."""
    days, _, clock = text.partition("d")
    hours, _, minutes = clock.partition(":")
    return timedelta(days=int(days), hours=int(hours), minutes=int(minutes))


def _read_csv(path: Path) -> list[dict[str, str]]:
    import csv

    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
