"""The demo fund's files played through the product's services, stage by stage.

Each stage calls what a command or endpoint calls; statements and closing prices of what has no connector
are asked of the simulator and imported as files.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from truenav.cli.common import say
from truenav.core.clock import instant_text
from truenav.core.failure import UnavailableError

if TYPE_CHECKING:
    from truenav.access.policy import Principal
    from truenav.app.catalogue import Catalogue
    from truenav.app.house import House
    from truenav.core.instrument import Instrument
    from truenav.store.runs import Run

BY_FILE = ("custodian-cold", "evm-treasury")


class Steps:
    """Prints numbered stages with their time."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a stage, and its time at the end."""
        self.count += 1
        say(f"\n{self.count}. {title}")
        began = time.monotonic()
        yield
        say(f"   done in {time.monotonic() - began:.1f} s")


@dataclass
class Demo:
    """The demo fund's files played through the product's services."""

    house: House
    folder: Path
    address: str
    steps: Steps

    def __post_init__(self) -> None:
        from truenav.core.ids import TenantId

        self.plan: dict[str, Any] = json.loads((self.folder / "fund.json").read_text("utf-8"))
        self.tenant = TenantId(self.plan["tenant"])
        state = self._ask("state")
        self.inception = datetime.fromisoformat(state["inception"])
        self.started = self.house.clock.now()

    # -- people and portfolio

    def people(self) -> None:
        """The tenant and its users, at the first time."""
        from truenav.access import users
        from truenav.access.bootstrap import create_tenant
        from truenav.access.users import NewUser
        from truenav.store import users as store

        with self.steps.step("People: tenant, administrator, maker, checker, risk officer"):
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
            self.max, self.fay, self.ron = (self._log_in(user) for user in self.plan["users"][1:])

    def portfolio(self) -> None:
        """Tree, accounts, sub-book rules, classes, policies, numeraires: written where they changed."""
        from truenav.app.portfolio.catalogues import NODES, RULES, SHARE_CLASSES
        from truenav.app.pricing.catalogues import NUMERAIRES
        from truenav.app.sources.catalogues import ACCOUNTS

        with self.steps.step("Portfolio: 1 fund of funds, 5 funds, 15 managed accounts on 8 accounts"):
            self.ensure(ACCOUNTS, self.plan["accounts"])
            self.ensure(NODES, self.plan["nodes"])
            self.ensure(RULES, self.plan["rules"])
            self.ensure(SHARE_CLASSES, self.plan["share_classes"])
            self.ensure(NUMERAIRES, [self._index_numeraire()])

    def _index_numeraire(self) -> dict[str, Any]:
        """The custom index, its base prices those of the inception day."""
        rows = self._closing_prices(self.inception)
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
            for hedge in self.plan["products"]["hedges"].values():
                if hedge["account"] in self._account_names():  # the venues' address is another one by now
                    self._connect_hedge(hedge["account"])
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
            self.import_file("dealings.csv", self._dealings())
            self._manual_items()
            for account in BY_FILE:
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

    def list_products(self) -> None:
        """A long and a short token on bitcoin by ready rules, each hedged in an account of its own."""
        from truenav.app.etp.catalogues import LISTINGS
        from truenav.app.sources.context import parse_context
        from truenav.connect.products.rules import read_family
        from truenav.core.listing import Listing

        plan = self.plan["products"]
        with self.steps.step("Products: a long and a short token, run by an issuer's published rules"):
            with self.house.database.transaction(self.tenant) as session:
                listed = {one.id for one in LISTINGS.list_all(session, self.max)}
                instrument = parse_context(session).instruments.get(plan["instrument"])
            for product in read_family(plan["family"]):
                name = product.id.lower()
                if name in listed:
                    continue
                hedge = plan["hedges"][name]
                self._connect_hedge(hedge["account"])
                self._open_trading(hedge["account"], instrument)
                limit = hedge["automatic_up_to"]
                self._put(
                    LISTINGS,
                    Listing(
                        id=name,
                        node=plan["node"],
                        product=product,
                        instrument=instrument.id,
                        opened_at=self.house.clock.now(),
                        opening_nav=Decimal(plan["opening_nav"]),
                        opening_units=Decimal(plan["opening_units"]),
                        tick=Decimal(plan["tick"]),
                        hedge_account=hedge["account"],
                        automatic_up_to=None if limit is None else Decimal(limit),
                        disclosed=True,
                    ),
                )
                approval = "a person approves" if limit is None else f"up to {limit} without approval"
                say(f"   {name}: {product.terms[-1].target}x, hedged in {hedge['account']}, {approval}")

    def _connect_hedge(self, name: str) -> None:
        """An account that a product is hedged in, and the key that reads it."""
        from truenav.app.sources.catalogues import ACCOUNTS
        from truenav.app.sources.model import Connection
        from truenav.connect.contract import Credentials
        from truenav.core.account import Account, AccountKind
        from truenav.core.ids import AccountId, ConnectionId

        id = AccountId(name)
        title = name.replace("-", " ").capitalize()
        self._put(ACCOUNTS, Account(id, title, "binance", AccountKind.EXCHANGE, ("usdm",)))
        link = Connection(ConnectionId(name), "binance", id, self.inception, self.address)
        self._connect(link, Credentials(f"demo-{name}-key", f"demo-{name}-secret"))

    def _open_trading(self, name: str, instrument: Instrument) -> None:
        """Let an account be traded: its limits, set by who watches the risk, and a second key."""
        from truenav.app.trading.catalogues import LIMITS
        from truenav.app.trading.keys import put_key
        from truenav.app.trading.limits import TradingLimits
        from truenav.connect.contract import Credentials
        from truenav.core.ids import AccountId

        id = AccountId(name)
        notionals = {limit: Decimal(number) for limit, number in self.plan["products"]["limits"].items()}
        limits = TradingLimits(id, (instrument.id,), instrument.quote, **notionals)
        key = Credentials(f"demo-{name}-trading-key", f"demo-{name}-trading-secret")
        with self.house.database.transaction(self.tenant) as session:
            LIMITS.put(session, self.house, self.ron, limits)
            put_key(session, self.house, self.max, id, key)

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
        self.import_file("prices.csv", _csv(self._closing_prices(at)))
        run = self.strike(at)
        self.approve(run)
        self.publish(run)
        result = read_result(self.house.blobs(self.tenant), run)
        say(f"   {at:%Y-%m-%d}: NAV USD {result.root.nav_usd:,.2f}, {result.quality}")

    def strike_live(self) -> Run:
        """The T+0 NAV: gathered now."""
        from truenav.app.nav.archived import read_result
        from truenav.cli.nav import print_result

        with self.steps.step("NAV: gather what changed, value, compute"):
            for account in BY_FILE:
                self._import_statement(account, None, ("transfers", "balances"))
            run = self.strike(None)
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
                self.approve(run, self.max)
            except ForbiddenError as error:
                say(f"   {error.message}")
            self.approve(run)
            self.publish(run)

    def export_and_verify(self, run: Run) -> None:
        """The evidence bundle, checked by the verifier in a process without database or network."""
        from truenav.app.nav.archived import read_bundle
        from truenav.app.proof.signer import tenant_signer
        from truenav.app.proof.signing import fingerprint_of
        from truenav.store import runs

        with self.steps.step("Evidence bundle, verified offline"):
            with self.house.database.transaction(self.tenant) as session:
                run = runs.get(session, run.id)
                public = tenant_signer(session, self.house).public_key
            folder = self.house.settings.data_dir / "bundles"
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

    def _account_names(self) -> set[str]:
        from truenav.app.sources.catalogues import ACCOUNTS

        with self.house.database.transaction(self.tenant) as session:
            return {one.id for one in ACCOUNTS.list_all(session, self.max)}

    def ensure(self, catalogue: Catalogue[Any], wanted: Sequence[dict[str, Any]]) -> None:
        """Write the definitions that are not there as wanted, in their order."""
        with self.house.database.transaction(self.tenant) as session:
            known = {one.id: one.body for one in catalogue.list_all(session, self.max)}
            for data in wanted:
                body = catalogue.parse(data)
                if known.get(catalogue.id_of(body)) != body:
                    catalogue.put(session, self.house, self.max, body)

    def _put(self, catalogue: Catalogue[Any], body: Any) -> None:
        from truenav.core.canonical import encode

        self.ensure(catalogue, [encode(body)])

    def import_file(self, name: str, data: bytes) -> None:
        """Import a file, and say what was new in it."""
        from truenav.app.sources.imports import run_import

        with self.house.database.transaction(self.tenant) as session:
            done = run_import(session, self.house, self.max, name, data)
        say(f"   {name:<16} {done.facts:>5} facts, {done.duplicates:>5} known")

    def _import_statement(self, account: str, at: datetime | None, kinds: Sequence[str]) -> None:
        rows = self._ask("statement", account=account, at="" if at is None else instant_text(at))
        for kind in kinds:
            if rows[kind]:
                self.import_file(f"{kind}.csv", _csv(rows[kind]))

    def _closing_prices(self, at: datetime) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = self._ask("prices", at=instant_text(at))
        return rows

    def _ask(self, what: str, **params: str) -> Any:
        import httpx

        answer = httpx.get(f"{self.address}/_simulator/{what}", params=params, timeout=20)
        return answer.raise_for_status().json()

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

    def strike(self, at: datetime | None) -> Run:
        """A calculated run: live, or as of a past instant from what was recorded."""
        from truenav.app.nav.runs import advance_run, start_run
        from truenav.core.ids import NodeId

        with self.house.database.transaction(self.tenant) as session:
            run = start_run(session, self.house, self.max, NodeId(self.plan["fund"]), as_of=at)
        return advance_run(self.house, self.tenant, run.id)

    def approve(self, run: Run, who: Principal | None = None) -> None:
        """Approve what was calculated, as the checker unless somebody else is named."""
        from truenav.app.nav.runs import approve

        with self.house.database.transaction(self.tenant) as session:
            approve(session, self.house, who or self.fay, run.id, result_sha=run.result_sha or "")

    def publish(self, run: Run) -> None:
        """Make an approved run final."""
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


def _csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
