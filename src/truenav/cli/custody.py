"""``truenav custody``: what a custodian's key sees, and what waits for approval there."""

from __future__ import annotations

import click

from truenav.cli.common import Row, desk, output_option, read_file, show
from truenav.cli.connection import read_credentials


@click.group()
def custody() -> None:
    """Custodians: vaults and approvals, asked now."""


@custody.command()
@click.argument("connector")
@click.option("--base-url", help="Another address than the custodian's own.")
@click.option("--settings", "settings_file", type=click.Path(exists=True, dir_okay=False), help="A mapping.")
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="JSON with key, secret and passphrase; - is standard input.",
)
@output_option
def vaults(
    *, connector: str, base_url: str | None, settings_file: str | None, key_file: str | None, output: str
) -> None:
    """List the vaults that a key sees at CONNECTOR: the names to give to an account as its wallets.

    The key is not kept.
    """
    from truenav.app.sources.custody import list_vaults
    from truenav.app.sources.model import Connection
    from truenav.connect.registry import connector as find
    from truenav.core.failure import InvalidInputError
    from truenav.core.ids import ConnectionId

    credentials = read_credentials(find(connector).manifest.credentials, key_file, ask=True)
    if credentials is None:
        raise InvalidInputError(f"{connector!r} takes no key, so there is nothing to ask it.")
    settings = "" if settings_file is None else read_file(settings_file).decode(errors="replace")
    with desk() as here:
        now = here.house.clock.now()
        asked = Connection(ConnectionId("asked"), connector, None, now, base_url, settings=settings)
        found = list_vaults(here.house, here.principal, asked, credentials)
    rows: list[Row] = [{"vault": one.id, "name": one.name} for one in found]
    show(rows, output, columns=("vault", "name"))


@custody.command()
@click.argument("connection")
@output_option
def approvals(*, connection: str, output: str) -> None:
    """List what waits for approval in the vaults of CONNECTION's account, and for whom."""
    from truenav.app.sources.custody import list_approvals
    from truenav.core.money import to_text

    with desk() as here, here.transaction() as session:
        found = list_approvals(session, here.house, here.principal, connection)
    rows: list[Row] = [
        {
            "id": one.id,
            "vault": one.vault,
            "amount": "" if one.amount is None else to_text(one.amount.number),
            "asset": "" if one.amount is None else one.amount.asset,
            "destination": one.destination,
            "status": one.status,
            "since": one.since,
            "waiting_for": ", ".join(one.waiting_for),
            "approved_by": ", ".join(one.approved_by),
        }
        for one in found
    ]
    show(rows, output, columns=_APPROVAL)


_APPROVAL = (
    "id", "vault", "amount", "asset", "destination", "status", "since", "waiting_for", "approved_by"
)  # fmt: skip
