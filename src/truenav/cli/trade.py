"""``truenav trade``: what accounts may trade, the keys that do, and what became of each order."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from truenav.cli.common import Row, desk, dry_run_option, instant_option, output_option, say, show
from truenav.cli.connection import read_credentials
from truenav.cli.definitions import Noun, definition_group
from truenav.core.failure import InvalidInputError, UnavailableError
from truenav.core.ids import AccountId

if TYPE_CHECKING:
    from truenav.app.trading.keys import CheckedKey
    from truenav.core.orders import Order

LIMITS = Noun(
    "set of limits",
    "truenav.app.trading.catalogues:LIMITS",
    ("account", "quote", "order_notional", "day_notional", "position_notional", "collar", "instruments"),
)

_ORDER = (
    "created_at", "account", "client_id", "instrument", "side", "quantity", "filled", "average_price", "fees",
    "state", "reason", "by", "origin",
)  # fmt: skip
_STEP = ("version", "at", "actor", "state", "note", "evidence")
_MOST = 100_000
_STATES = (
    "intended", "sent", "unknown", "open", "partly_filled", "filled", "cancelled", "rejected", "expired",
)  # fmt: skip


@click.group()
def trade() -> None:
    """Orders at venues: limits of accounts, trading keys, and what became of each order."""


trade.add_command(
    definition_group("limits", LIMITS, help="What accounts may trade; without limits one only reduces.")
)


@trade.group()
def key() -> None:
    """Trading keys: checked at the venue, kept encrypted apart from those that read."""


@key.command("put")
@click.argument("account")
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="JSON with key, secret and passphrase; - is standard input. By default TRUENAV_VENUE_KEY, "
    "TRUENAV_VENUE_SECRET and TRUENAV_VENUE_PASSPHRASE, else you are asked.",
)
@dry_run_option
def put_key(*, account: str, key_file: str | None, dry_run: bool) -> None:
    """Enter the trading key of ACCOUNT, in place of one that is there.

    A key that may withdraw, that may not trade, or that is another account's is refused.
    """
    from truenav.app.trading import keys

    name = AccountId(account)
    with desk() as here:
        with here.transaction() as session:
            wanted = keys.venue_of(session, name).source.manifest.credentials
        credentials = read_credentials(wanted, key_file, ask=True)
        if credentials is None:
            raise InvalidInputError("No key was given.")
        with here.transaction(keep=not dry_run) as session:
            checked = keys.put_key(session, here.house, here.principal, name, credentials)
    _tell(checked)
    say(f"The key of {account} {'could be kept (dry run: not kept)' if dry_run else 'is kept'}.")


@key.command("check")
@click.argument("account")
def check_key(*, account: str) -> None:
    """Ask the venue about the trading key of ACCOUNT: its rights and the clock."""
    from truenav.app.trading import keys

    with desk() as here, here.transaction() as session:
        checked = keys.check_key(session, here.house, here.principal, AccountId(account))
    _tell(checked)


@key.command("remove")
@click.argument("account")
@dry_run_option
def remove_key(*, account: str, dry_run: bool) -> None:
    """Forget the trading key of ACCOUNT: nothing more is sent, and what still works is not followed."""
    from truenav.app.trading import keys

    with desk() as here, here.transaction(keep=not dry_run) as session:
        keys.remove_key(session, here.house, here.principal, AccountId(account))
    say(f"The key of {account} {'could be removed (dry run)' if dry_run else 'is removed'}.")


@trade.command()
@output_option
def accounts(*, output: str) -> None:
    """List the accounts whose venue takes orders: key, limits, and what was spent today (UTC)."""
    from truenav.app.sight import sight_of
    from truenav.app.trading.reading import list_accounts

    with desk() as here, here.transaction() as session:
        sight = sight_of(session, here.principal)
        found = list_accounts(session, here.principal, sight, now=here.house.clock.now())
    rows: list[Row] = [
        {
            "account": one.account,
            "venue": one.venue,
            "key": None if one.key is None else one.key.created_at,
            "limits": None if one.limits is None else one.limits.version,
            "spent_today": one.spent_today,
            "unsettled": one.unsettled,
        }
        for one in found
    ]
    show(rows, output)


@trade.command()
@click.option("--account", help="This account alone.")
@click.option("--state", type=click.Choice(_STATES), help="This state alone.")
@instant_option("--since", "Written down then or later.")
@click.option("--limit", type=click.IntRange(1, _MOST), default=100, show_default=True, help="Most orders.")
@output_option
def orders(
    *, account: str | None, state: str | None, since: datetime | None, limit: int, output: str
) -> None:
    """List orders as they stand, newest first."""
    from truenav.app.sight import sight_of
    from truenav.app.trading.reading import list_orders
    from truenav.app.trading.schemas import OrderAnswer
    from truenav.core.orders import OrderState

    with desk() as here, here.transaction() as session:
        found = list_orders(
            session,
            here.principal,
            sight_of(session, here.principal),
            account=None if account is None else AccountId(account),
            state=None if state is None else OrderState(state),
            since=since,
            limit=limit,
        )
    rows = [OrderAnswer.of(one).model_dump(mode="json") for one in found]
    show(rows, output, columns=None if output == "json" else _ORDER)


@trade.command()
@click.argument("client_id")
@output_option
def order(*, client_id: str, output: str) -> None:
    """Show the trail of the order CLIENT_ID; JSON has its fills and what was sent, too."""
    from truenav.app.sight import sight_of
    from truenav.app.trading.reading import find_order
    from truenav.app.trading.schemas import OrderDetailAnswer
    from truenav.store.orders import account_of

    with desk() as here, here.transaction() as session:
        sight = sight_of(session, here.principal)
        account = account_of(session, client_id)
        found = OrderDetailAnswer.of(*find_order(session, here.principal, account, client_id, sight))
    told = found.model_dump(mode="json")
    if output == "json":
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        show(told["trail"], output, columns=_STEP)


@trade.command()
@click.argument("account")
@dry_run_option
@output_option
def finish(*, account: str, dry_run: bool, output: str) -> None:
    """Bring to an end what earlier runs left of ACCOUNT's orders: look up, take out, collect fills.

    One that was written down and never sent still goes out before its deadline. Exit code 6: something is
    not settled yet.
    """
    from truenav.access.policy import Resource, authorize
    from truenav.app.trading.service import execute
    from truenav.store import orders as journal

    name = AccountId(account)
    with desk() as here:
        authorize(here.principal, "trade:execute", Resource(here.principal.tenant, "account", name))
        with here.transaction() as session:
            left = journal.unsettled(session, name)
        if left and not dry_run:
            execute(here.house, here.principal, name, (), good_until=here.house.clock.now())
            with here.transaction() as session:
                left = tuple(journal.get(session, name, one.request.client_id) for one in left)
    show([_row(one) for one in left], output)
    if open_still := sum(not one.settled for one in left):
        say(f"{open_still} orders are not settled{'; nothing was done (dry run)' if dry_run else ''}.")
        if not dry_run:
            sys.exit(UnavailableError.exit_code)


def _row(order: Order) -> Row:
    request = order.request
    return {
        "client_id": request.client_id,
        "instrument": request.instrument,
        "side": request.side,
        "quantity": request.quantity,
        "filled": order.filled,
        "state": order.state,
        "reason": order.reason,
        "settled": order.settled,
        "note": order.note,
    }


def _tell(checked: CheckedKey) -> None:
    found = checked.check
    say(f"The key may read: {found.read}, trade: {found.trade}, withdraw: {found.withdraw}.")
    say(f"Venue's clock minus ours: {found.clock_offset.total_seconds():+.3f} s.")
    for note in checked.notes:
        say(f"! {note}")
