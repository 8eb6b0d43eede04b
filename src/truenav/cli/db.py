"""``truenav db``: the database behind everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from truenav.cli.common import output_option, say, settings, show
from truenav.core.failure import InvalidInputError

if TYPE_CHECKING:
    from truenav.store.postgres import EmbeddedPostgres


@click.group()
def db() -> None:
    """The database: start, stop, status, migrate, mirror, seal, url."""


@db.command()
def start() -> None:
    """Start the embedded PostgreSQL, or find it running."""
    address = _embedded().start()
    say(f"PostgreSQL listens on {address.host}:{address.port}.")


@db.command()
def stop() -> None:
    """Stop the embedded PostgreSQL, whoever started it; everything is on disk then."""
    say("PostgreSQL has stopped." if _embedded().stop() else "PostgreSQL was not running.")


@db.command()
def mirror() -> None:
    """Copy the whole database into its mirror anew, so that the log before can go; now and then."""
    say(f"The mirror is whole as of {_embedded().renew_mirror()}.")


@db.command()
@output_option
def status(*, output: str) -> None:
    """Show what the embedded PostgreSQL is doing, and at which migration the database is."""
    from truenav.store import migrate
    from truenav.store.postgres import Role, ServerState

    server = _embedded()
    found = server.status()
    running = found.state is ServerState.RUNNING
    at = migrate.current(server.dsn(Role.APP)) if running else None
    row = {
        "state": found.state,
        "port": found.port,
        "pid": found.pid,
        "version": found.version,
        "migration": at,
        "wanted": migrate.wanted(),
    }
    show([row], output)


@db.command()
def migrate() -> None:
    """Bring the database to the version of this program; harmless when it is there already."""
    from truenav.app.house import database_addresses
    from truenav.store.migrate import upgrade, wanted
    from truenav.store.postgres import Role

    upgrade(database_addresses(settings())[Role.OWNER])
    say(f"The database is at {wanted()}.")


@db.command()
def seal() -> None:
    """Encrypt the files that an older truenav kept plain; goes on where it was stopped."""
    from truenav.app.operations.sealing import seal_files
    from truenav.cli.common import house

    with house() as opened:
        count = seal_files(opened)
    say(f"{count} files were plain and are sealed now.")
    if count:
        say("Backups and mirrors of before hold them plain: begin new ones, and delete those.")


@db.command()
@click.option(
    "--role",
    type=click.Choice(["app", "owner", "queue", "backup"]),
    default="app",
    show_default=True,
)
def url(*, role: str) -> None:
    """Print the connection URL of a role, password included: for psql, backups and the like."""
    from truenav.app.house import database_addresses
    from truenav.store.postgres import Role

    click.echo(database_addresses(settings())[Role[role.upper()]])


def _embedded() -> EmbeddedPostgres:
    from truenav.app.house import embedded_server

    here = settings()
    if here.database_url is not None:
        raise InvalidInputError(
            "TRUENAV_DATABASE_URL names a server of your own; start, stop and watch it with its own tools. "
            "'truenav doctor' tells whether it answers."
        )
    return embedded_server(here)
