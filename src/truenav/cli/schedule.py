"""``truenav schedule``: strike NAVs by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from truenav.cli.common import Row, desk, output_option, say, show
from truenav.core.ids import NodeId

if TYPE_CHECKING:
    from truenav.app.schedule.model import Schedule
    from truenav.store.definitions import Definition

_COLUMNS = ("schedule", "fund", "cron", "time_zone", "cut", "enabled", "next_at")


@click.group()
def schedule() -> None:
    """Automatic strikes by cron and time zone."""


@schedule.command()
@click.argument("name", metavar="SCHEDULE")
@click.argument("fund")
@click.argument("cron")
@click.option("--time-zone", default="UTC", show_default=True, help="IANA time zone of the cron expression.")
@click.option("--numeraire", help="The numeraire to show first.")
@click.option("--cut", default="daily-close", show_default=True, help="Name of the valuation point.")
@click.option("--disabled", is_flag=True, help="Keep it, but never let it be due.")
@output_option
def add(
    *,
    name: str,
    fund: str,
    cron: str,
    time_zone: str,
    numeraire: str | None,
    cut: str,
    disabled: bool,
    output: str,
) -> None:
    """Strike FUND whenever CRON (minute hour day month weekday) fits; replaces SCHEDULE if it exists.

    For example: truenav schedule add london-close alpha '0 17 * * mon-fri' --time-zone Europe/London
    """
    from truenav.app.schedule.model import Schedule
    from truenav.app.schedule.service import put_schedule

    wanted = Schedule(
        id=name,
        fund=NodeId(fund),
        cron=cron,
        time_zone=time_zone,
        numeraire=numeraire,
        enabled=not disabled,
        cut=cut,
    )
    with desk() as here, here.transaction() as session:
        now = here.house.clock.now()
        row = _row(put_schedule(session, here.principal, wanted, now=now), now)
    show([row], output, columns=_COLUMNS)


@schedule.command("list")
@output_option
def list_all(*, output: str) -> None:
    """List the schedules, and when each is due next."""
    from truenav.app.schedule.service import list_schedules
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction() as session:
        now = here.house.clock.now()
        rows = [
            _row(found, now)
            for found in list_schedules(session, here.principal, sight_of(session, here.principal))
        ]
    show(rows, output, columns=_COLUMNS)


@schedule.command()
@click.argument("name", metavar="SCHEDULE")
def remove(*, name: str) -> None:
    """End SCHEDULE; what it struck stays."""
    from truenav.app.schedule.service import remove_schedule

    with desk() as here, here.transaction() as session:
        remove_schedule(session, here.principal, name, now=here.house.clock.now())
    say(f"Schedule {name} is removed.")


@schedule.command("next")
@click.argument("name", metavar="SCHEDULE")
@click.option("--count", type=click.IntRange(1, 100), default=10, show_default=True, help="How many times.")
@output_option
def next_due_times(*, name: str, count: int, output: str) -> None:
    """Show when SCHEDULE is due next, in UTC and in its own time zone."""
    from zoneinfo import ZoneInfo

    from truenav.app.schedule.service import find_schedule, next_times
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction() as session:
        found = find_schedule(session, here.principal, sight_of(session, here.principal), name).body
        times = next_times(found, after=here.house.clock.now(), count=count)
    zone = ZoneInfo(found.time_zone)
    show([{"due_at": due, "local": due.astimezone(zone).isoformat()} for due in times], output)


def _row(found: Definition[Schedule], now: datetime) -> Row:
    from truenav.app.schedule.service import next_times

    body = found.body
    upcoming = next_times(body, after=now, count=1)
    return {
        "schedule": body.id,
        "fund": body.fund,
        "cron": body.cron,
        "time_zone": body.time_zone,
        "numeraire": body.numeraire,
        "cut": body.cut,
        "enabled": body.enabled,
        "version": found.version,
        "next_at": upcoming[0] if upcoming else None,
    }
