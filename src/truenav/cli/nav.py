"""``truenav nav``: strike, approve, publish, restate, export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from truenav.cli.common import Desk, Row, desk, instant_option, output_option, say, show, table
from truenav.cli.statement import statement
from truenav.core.ids import NodeId, RunId

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from truenav.calc.nav.model import FundNav, NavResult
    from truenav.store.runs import Run

_run = click.argument("run", metavar="RUN")


@click.group()
def nav() -> None:
    """Strike, approve, publish, restate and export NAVs."""


nav.add_command(statement)


@nav.command()
@click.argument("fund")
@instant_option("--as-of", "A past instant, computed from what was recorded; by default now, live.")
@click.option("--numeraire", help="Show the NAV in this numeraire, by default in USD.")
@click.option(
    "--reuse",
    type=click.IntRange(0),
    metavar="SECONDS",
    help="Take snapshots of at most this age instead of gathering again.",
)
@output_option
def strike(
    *, fund: str, as_of: datetime | None, numeraire: str | None, reuse: int | None, output: str
) -> None:
    """Strike the NAV of FUND: gather, value, compute. The result waits for approval."""
    from truenav.app.nav.archived import read_result, read_result_bytes
    from truenav.app.nav.runs import advance_run, start_run
    from truenav.cli.progress import gathering

    with desk() as here:
        with here.transaction() as session:
            run = start_run(session, here.house, here.principal, NodeId(fund), as_of=as_of)
        with gathering() as report:
            run = advance_run(here.house, here.principal.tenant, run.id, reuse_seconds=reuse, report=report)
        blobs = here.house.blobs(here.principal.tenant)
        if output == "table":
            print_result(read_result(blobs, run), numeraire)
            say(f"\nRun {run.id} is {run.state} and {run.quality}. Somebody else approves it:")
            say(f"  truenav nav approve {run.id} --result {(run.result_sha or '')[:16]}")
        else:
            result = json.loads(read_result_bytes(blobs, run))
            show([{"run": run.id, "state": run.state, "result": result}], output)


_RUN_COLUMNS = ("run", "as_of", "state", "quality", "struck_by", "approved_by", "restates")


@nav.command("list")
@click.option("--fund", help="Runs of this fund alone.")
@output_option
def list_runs(*, fund: str | None, output: str) -> None:
    """List the runs, newest valuation first."""
    from truenav.access.policy import authorize
    from truenav.store import runs

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "nav:read")
        found = runs.list_runs(session, fund=NodeId(fund) if fund else None)
        rows: list[Row] = [
            {
                "run": run.id,
                "as_of": run.as_of,
                "state": run.state,
                "quality": run.quality,
                "struck_by": run.created_by,
                "approved_by": run.approved_by,
                "restates": run.restates,
                "bundle_sha": run.bundle_sha,
            }
            for run in found
        ]
    show(rows, output, columns=_RUN_COLUMNS)


@nav.command("show")
@_run
@click.option("--numeraire", help="Show the NAV in this numeraire, by default in USD.")
@click.option("--lines", is_flag=True, help="Show every line with its evidence.")
@output_option
def show_run(*, run: str, numeraire: str | None, lines: bool, output: str) -> None:
    """Show a calculated run: funds, classes, bridge, coverage, what is missing."""
    with desk() as here:
        found, result = _read(here, run)
    if output != "table" and not lines:
        show([{"run": found.id, "state": found.state, "result": result}], output)
    elif lines:
        rows: list[Row] = [
            {
                "fund": fund.fund,
                "node": line.node,
                "account": line.account,
                "wallet": line.wallet,
                "subject": line.subject,
                "quantity": line.quantity,
                "price_usd": line.price_usd,
                "value_usd": line.value_usd,
                "coverage": line.coverage,
                "evidence": [sha[:12] for sha in line.evidence] if output == "table" else line.evidence,
            }
            for fund in result.funds
            for line in fund.lines
        ]
        show(rows, output)
    else:
        print_result(result, numeraire)
        say(f"Result {found.result_sha}")


@nav.command()
@_run
@click.option("--result", "seen", required=True, help="The result's SHA-256 (or its start) as you saw it.")
@click.option("--note", default="", help="Kept in the audit trail.")
def approve(*, run: str, seen: str, note: str) -> None:
    """Approve RUN. Only somebody who did not strike it can."""
    from truenav.app.nav import runs as service
    from truenav.store import runs

    with desk() as here, here.transaction() as session:
        held = runs.get(session, RunId(run)).result_sha or ""
        full = held if len(seen) >= 12 and held.startswith(seen.lower()) else seen
        service.approve(session, here.house, here.principal, RunId(run), result_sha=full, note=note)
    say(f"Run {run} is approved. Publish it: truenav nav publish {run}")


@nav.command()
@_run
@click.option("--reason", required=True)
def reject(*, run: str, reason: str) -> None:
    """Reject RUN for good, with a reason."""
    from truenav.app.nav import runs as service

    with desk() as here, here.transaction() as session:
        service.reject(session, here.house, here.principal, RunId(run), reason=reason)
    say(f"Run {run} is rejected.")


@nav.command()
@_run
def publish(*, run: str) -> None:
    """Publish RUN: from now on it is final, and its evidence bundle can be exported."""
    from truenav.app.nav import runs as service

    with desk() as here, here.transaction() as session:
        service.publish(session, here.house, here.principal, RunId(run))
    say(f"Run {run} is published. Its evidence: truenav nav export {run}")


@nav.command()
@_run
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="By default RUN.zip.")
def export(*, run: str, out: Path | None) -> None:
    """Write the evidence bundle of RUN."""
    from truenav.access.policy import authorize
    from truenav.app.nav.archived import read_bundle
    from truenav.store import runs

    with desk() as here:
        authorize(here.principal, "nav:read")
        with here.transaction() as session:
            found = runs.get(session, RunId(run))
        path = out or Path(f"{run}.zip")
        path.write_bytes(read_bundle(here.house.blobs(here.principal.tenant), found))
    click.echo(str(path))


@nav.command()
@_run
@output_option
def restate(*, run: str, output: str) -> None:
    """Compute the published RUN again with what is known today, and show what changes."""
    from truenav.app.nav import runs as service
    from truenav.cli.progress import gathering

    with desk() as here:
        with here.transaction() as session:
            new = service.start_restatement(session, here.house, here.principal, RunId(run))
        with gathering() as report:
            new = service.advance_run(here.house, here.principal.tenant, new.id, report=report)
        with here.transaction() as session:
            found = service.compare(session, here.house, here.principal, new.id)
        from truenav.core.canonical import encode

        show([encode(line) for line in found.lines], output)
        say(f"Restatement {new.id} is {new.state}; approve and publish it like any other run.")


@nav.command()
def key() -> None:
    """Print the public key that signs this tenant's bundles, and its fingerprint."""
    from truenav.access.policy import authorize
    from truenav.app.proof.signer import tenant_signer
    from truenav.app.proof.signing import fingerprint_of

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "nav:read")
        public = tenant_signer(session, here.house).public_key
    show([{"public_key": public, "fingerprint": fingerprint_of(public)}], "json")


def _read(here: Desk, run: str) -> tuple[Run, NavResult]:
    from truenav.access.policy import authorize
    from truenav.app.nav.archived import read_result
    from truenav.store import runs

    authorize(here.principal, "nav:read")
    with here.transaction() as session:
        found = runs.get(session, RunId(run))
    return found, read_result(here.house.blobs(here.principal.tenant), found)


def print_result(result: NavResult, numeraire: str | None) -> None:
    """The funds with their classes, the bridge of the root fund, coverage and failures, for people."""
    code = (numeraire or "USD").upper()
    click.echo(f"{result.fund} as of {result.as_of:%Y-%m-%d %H:%M:%S} UTC, {result.quality}\n")
    table(["fund", "class", f"NAV {code}", "units", f"NAV per unit {code}"], _class_rows(result, code))
    if (bridge := result.root.bridge) is not None:
        click.echo("\nBridge since " + f"{bridge.previous_as_of:%Y-%m-%d %H:%M:%S} UTC, in USD")
        names = ("opening_nav", "price", "funding", "fee", "flow", "manual", "correction", "unexplained")
        parts = [[name.replace("_", " "), money(getattr(bridge, f"{name}_usd"))] for name in names]
        table(["part", "USD"], [*parts, ["closing nav", money(bridge.closing_nav_usd)]])
    cover = result.coverage
    click.echo("\nCoverage, share of gross value")
    shares = {name: getattr(cover, name) for name in ("api", "imported", "manual", "stale", "missing")}
    table(list(shares), [[percent(share) for share in shares.values()]])
    for failure in result.failures:
        mark = "!" if failure.blocking else "·"
        say(f"{mark} {failure.kind}: {failure.message} {failure.mend}")


def _class_rows(result: NavResult, code: str) -> list[list[str]]:
    rows = []
    for fund in result.funds:
        rows.append([fund.fund, "all", money(_in(fund, code)), "—", "—"])
        for one in fund.classes:
            found = next((nav for nav in one.numeraires if nav.code == code), None)
            nav_value = found.nav if found else None
            per_unit = found.nav_per_unit if found else None
            units = f"{one.units:,.4f}"
            rows.append([fund.fund, one.share_class, money(nav_value), units, money(per_unit, 6)])
    return rows


def _in(fund: FundNav, code: str) -> Decimal | None:
    return next((one.nav for one in fund.numeraires if one.code == code), None)


def money(number: Decimal | None, places: int = 2) -> str:
    """A figure for people; unknown is a dash."""
    from truenav.core.money import rounded

    return "—" if number is None else f"{rounded(number, places) + 0:,}"  # + 0: no negative zero


def percent(share: Decimal) -> str:
    """A share as percent with two decimals."""
    from truenav.core.money import rounded

    return f"{rounded(share * 100, 2)}%"
