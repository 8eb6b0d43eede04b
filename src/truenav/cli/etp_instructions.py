"""``truenav etp``: what people want of the products that are run here."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from truenav.cli.common import Row, desk, file_argument, output_option, read_file, say, show
from truenav.cli.etp_inputs import decimal_option
from truenav.core.failure import InvalidInputError
from truenav.core.money import parse_decimal

if TYPE_CHECKING:
    from truenav.core.instruction import Wish

_COLUMNS = ("id", "listing", "wish", "state", "made_by", "approved_by", "outcome", "chapter")
_LISTING = click.argument("name", metavar="LISTING")
_WHY = click.option("--why", required=True, help="The reason, for the journal.")


@click.group()
def instruct() -> None:
    """Ask for something of a product that is run here.

    Creations, redemptions, merges and splits wait for a second person ('truenav etp approve').
    """


@instruct.command()
@_LISTING
@click.option("--participant", required=True, help="Who brings the cash, or the position.")
@decimal_option("--units", "Units to create.", is_positive=True, required=True)
@click.option("--in-kind", is_flag=True, help="The participant brings the position.")
def create(*, name: str, participant: str, units: Decimal, in_kind: bool) -> None:
    """Create units for a participant."""
    from truenav.core.instruction import CreateUnits

    _ask(name, CreateUnits(participant, units, in_kind))


@instruct.command()
@_LISTING
@click.option("--participant", required=True, help="Who gets the cash, or the position.")
@decimal_option("--units", "Units to redeem.", is_positive=True, required=True)
@click.option("--in-kind", is_flag=True, help="The participant takes the position.")
def redeem(*, name: str, participant: str, units: Decimal, in_kind: bool) -> None:
    """Redeem units of a participant."""
    from truenav.core.instruction import RedeemUnits

    _ask(name, RedeemUnits(participant, units, in_kind))


@instruct.command()
@_LISTING
@click.argument("old", type=click.IntRange(1))
@click.argument("new", type=click.IntRange(1))
@file_argument("holders")
@click.option("--cancelled", multiple=True, help="An order for old units that was open and is cancelled.")
def change(*, name: str, old: int, new: int, holders: str, cancelled: tuple[str, ...]) -> None:
    """Make NEW units of OLD ones. HOLDERS is a CSV with the columns holder and units; - is standard input."""
    from truenav.core.instruction import ChangeUnits

    _ask(name, ChangeUnits(old, new, _holders(read_file(holders)), cancelled))


@instruct.command()
@_LISTING
@_WHY
def halt(*, name: str, why: str) -> None:
    """Create and redeem nothing from now on."""
    from truenav.core.instruction import HaltDealing

    _ask(name, HaltDealing(halted=True, why=why))


@instruct.command()
@_LISTING
@_WHY
def resume(*, name: str, why: str) -> None:
    """Let creations and redemptions go on."""
    from truenav.core.instruction import HaltDealing

    _ask(name, HaltDealing(halted=False, why=why))


@instruct.command()
@_LISTING
@click.argument("number", type=click.IntRange(1))
def rebalance(*, name: str, number: int) -> None:
    """Approve the open rebalance NUMBER: its orders are sent, again where their execution stopped."""
    from truenav.core.instruction import ApproveProposal

    _ask(name, ApproveProposal(number))


@instruct.command()
@_LISTING
@click.argument("number", type=click.IntRange(1))
@click.option("--rest", type=click.IntRange(0), default=0, help="Minutes for which the trigger rests.")
@_WHY
def close(*, name: str, number: int, rest: int, why: str) -> None:
    """Close the open rebalance NUMBER, done or not."""
    from truenav.core.instruction import CloseProposal

    _ask(name, CloseProposal(number, rest, why))


@click.command()
@click.option("--listing", "name", help="Only those for one product.")
@click.option("--most", type=click.IntRange(1, 10_000), default=100, show_default=True)
@output_option
def instructions(*, name: str | None, most: int, output: str) -> None:
    """Show what was wanted of the products, newest first, and what became of it."""
    from truenav.app.etp.instructions import list_page
    from truenav.app.sight import sight_of
    from truenav.core.canonical import encode

    with desk() as here, here.transaction() as session:
        sight = sight_of(session, here.principal)
        found = list_page(session, here.principal, sight, listing=name, after=None, limit=most)
    rows: list[Row] = [encode(one) for one in found]
    show(rows, output, columns=_COLUMNS)


@click.command()
@click.argument("id", metavar="INSTRUCTION")
def approve(*, id: str) -> None:
    """Approve an instruction of somebody else's."""
    from truenav.app.etp import instructions as service
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction() as session:
        service.approve(session, here.house, here.principal, sight_of(session, here.principal), id)
    say(f"{id}: approved")


@click.command()
@click.argument("id", metavar="INSTRUCTION")
@_WHY
def withdraw(*, id: str, why: str) -> None:
    """Take back an instruction that is not carried out yet."""
    from truenav.app.etp import instructions as service
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction() as session:
        service.withdraw(session, here.house, here.principal, sight_of(session, here.principal), id, why=why)
    say(f"{id}: withdrawn")


@click.command()
@_LISTING
def hedge(*, name: str) -> None:
    """Show as JSON what a product holds beside what its rules say, and its open rebalance."""
    from truenav.app.etp.hedge import hedge_of
    from truenav.app.etp.reading import find_listing
    from truenav.app.sight import sight_of
    from truenav.core.canonical import encode

    with desk() as here, here.transaction() as session:
        listing = find_listing(session, here.principal, sight_of(session, here.principal), name)
        found = hedge_of(session, listing)
    click.echo(json.dumps(encode(found), indent=2, ensure_ascii=False))


COMMANDS = (instruct, instructions, approve, withdraw, hedge)


def _ask(name: str, wish: Wish) -> None:
    from truenav.app.etp.instructions import request
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction() as session:
        made = request(session, here.house, here.principal, sight_of(session, here.principal), name, wish)
    say(f"{name}: {made.state}")
    click.echo(made.id)


def _holders(data: bytes) -> dict[str, Decimal]:
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True))
        found = {row["holder"]: parse_decimal(row["units"], what="units") for row in rows}
    except (UnicodeDecodeError, csv.Error, KeyError) as error:
        raise InvalidInputError("HOLDERS must be a UTF-8 CSV with the columns holder and units.") from error
    if len(found) != len(rows):
        raise InvalidInputError("HOLDERS names a holder twice; give each one row.")
    return found
