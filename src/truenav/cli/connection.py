"""``truenav connection``: how accounts and prices are read, and reading them."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from truenav.cli.common import (
    Desk,
    Row,
    ask_hidden,
    desk,
    instant_option,
    output_option,
    read_file,
    say,
    show,
)
from truenav.core.failure import InvalidInputError, NotFoundError, UnavailableError
from truenav.core.ids import AccountId, ConnectionId

if TYPE_CHECKING:
    from truenav.app.sources.connections import CheckedConnection
    from truenav.app.sources.gather import Outcome
    from truenav.connect.contract import Credentials

_PARTS = ("key", "secret", "passphrase")
_NO_TERMINAL = "use --key-file, or TRUENAV_VENUE_KEY and its like"
_VARIABLES = {part: f"TRUENAV_VENUE_{part.upper()}" for part in _PARTS}


@click.group()
def connection() -> None:
    """Connections to venues and price sources, and gathering."""


@connection.command()
@click.argument("id")
@click.option("--connector", "connector_name", required=True, help="binance, okx, ecb, vendor, ...")
@click.option("--account", help="The account that is read; without it public prices alone.")
@click.option("--base-url", help="Another address than the venue's own.")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(exists=True, dir_okay=False),
    help="JSON that completes the connector: a custodian's mapping, the names of a FIX session.",
)
@instant_option("--since", "From when history is read at the first gathering; by default from now on.")
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="JSON with key, secret and passphrase; - is standard input. By default TRUENAV_VENUE_KEY, "
    "TRUENAV_VENUE_SECRET and TRUENAV_VENUE_PASSPHRASE, else you are asked.",
)
def add(
    *,
    id: str,
    connector_name: str,
    account: str | None,
    base_url: str | None,
    settings_file: str | None,
    since: datetime | None,
    key_file: str | None,
) -> None:
    """Add the connection ID; its key is checked at the venue first and kept encrypted.

    A key that may withdraw or trade is refused. An existing connection gets the new address and key.
    """
    from truenav.app.sources.connections import add_connection
    from truenav.app.sources.model import Connection
    from truenav.connect.registry import connector

    wanted = connector(connector_name).manifest.credentials
    credentials = read_credentials(wanted, key_file, ask=account is not None)
    with desk() as here, here.transaction() as session:
        body = Connection(
            id=ConnectionId(id),
            connector=connector_name,
            account=None if account is None else AccountId(account),
            since=since or here.house.clock.now(),
            base_url=base_url,
            settings="" if settings_file is None else read_file(settings_file).decode(errors="replace"),
        )
        checked = add_connection(session, here.house, here.principal, body, credentials)
    _tell(checked)
    say(f"Connection {id} is kept. Read it: truenav connection gather")


@connection.command()
@click.argument("id")
def check(*, id: str) -> None:
    """Ask the venue about the stored key of connection ID: rights, clock, account types."""
    from truenav.app.sources.connections import check_connection

    with desk() as here, here.transaction() as session:
        checked = check_connection(session, here.house, here.principal, id)
    _tell(checked)


@connection.command("list")
@output_option
def list_all(*, output: str) -> None:
    """List the connections; keys are never shown."""
    from truenav.app.sources.connections import list_connections
    from truenav.core.canonical import encode

    with desk() as here, here.transaction() as session:
        found = list_connections(session, here.principal)
    columns = ("id", "connector", "account", "base_url", "since", "enabled")
    show([encode(one.body) for one in found], output, columns=columns)


@connection.command()
@click.argument("id")
def remove(*, id: str) -> None:
    """Forget connection ID and its key; what was gathered through it stays."""
    from truenav.app.sources.connections import remove_connection

    with desk() as here, here.transaction() as session:
        remove_connection(session, here.house, here.principal, id)
    say(f"Connection {id} and its key are removed.")


@connection.command()
@click.option("--account", "accounts", multiple=True, help="These accounts alone; repeatable.")
@click.option("--no-history", is_flag=True, help="Read the present state, not what happened since.")
@output_option
def gather(*, accounts: tuple[str, ...], no_history: bool, output: str) -> None:
    """Read all connections side by side; one that fails stops no other.

    Exit code 6: some could not be read.
    """
    from truenav.access.policy import authorize
    from truenav.app.sources.gather import gather as gather_all
    from truenav.cli.progress import gathering

    chosen = frozenset(map(AccountId, accounts)) if accounts else None
    with desk() as here:
        authorize(here.principal, "source:gather")
        _refuse_unconnected(here, chosen)
        with gathering() as report:
            outcomes = gather_all(
                here.house, here.principal.tenant, accounts=chosen, history=not no_history, report=report
            )
    show([_row(one) for one in outcomes], output)
    for failure in (failure for one in outcomes for failure in one.failures):
        say(f"! {failure.message} {failure.mend}")
    if any(one.failures for one in outcomes):
        sys.exit(UnavailableError.exit_code)


def _refuse_unconnected(here: Desk, accounts: frozenset[AccountId] | None) -> None:
    """A name that nothing reads would otherwise gather nothing, silently."""
    from truenav.app.sources.connections import list_connections

    with here.transaction() as session:
        known = {one.body.account for one in list_connections(session, here.principal)}
    if unknown := (accounts or frozenset()) - known:
        raise NotFoundError(f"No connection reads the account {min(unknown)!r}; list the connections.")


def read_credentials(wanted: tuple[str, ...], key_file: str | None, *, ask: bool) -> Credentials | None:
    """The key from a file, the environment or a prompt; never from the command line, which others can see."""
    from truenav.connect.contract import Credentials

    if key_file is not None:
        given = _read_key_file(key_file)
    else:
        given = {part: os.environ[name] for part, name in _VARIABLES.items() if os.environ.get(name)}
        if not given and wanted and ask:
            given = {part: ask_hidden(part.capitalize(), mend=_NO_TERMINAL) for part in wanted}
    if not given:
        return None
    if missing := [part for part in wanted if not given.get(part)]:
        raise InvalidInputError(
            f"The key is not whole: {missing[0]!r} is missing; wanted: {', '.join(wanted)}."
        )
    return Credentials(**{part: given[part] for part in given})


def _read_key_file(path: str) -> dict[str, str]:
    from truenav.app.http.strict_json import parse_json

    data = parse_json(read_file(path))
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise InvalidInputError("The key file is no JSON object of texts; write key, secret, passphrase.")
    if unknown := data.keys() - set(_PARTS):
        raise InvalidInputError(f"The key file has a field {min(unknown)!r}; known: {', '.join(_PARTS)}.")
    return data


def _tell(checked: CheckedConnection) -> None:
    if (found := checked.check) is not None:
        say(f"The key may read: {found.read}, trade: {found.trade}, withdraw: {found.withdraw}.")
        say(
            f"Accounts: {', '.join(found.account_types) or 'not told'}. Venue's clock minus ours: "
            f"{found.clock_offset.total_seconds():+.3f} s."
        )
    for note in checked.notes:
        say(f"! {note}")


def _row(one: Outcome) -> Row:
    return {
        "connection": one.connection.id,
        "subject": one.subject,
        "facts": one.facts,
        "duplicates": one.duplicates,
        "requests": one.requests,
        "weight": one.weight,
        "problems": one.problems,
        "failures": len(one.failures),
    }
