"""``truenav account``: where assets live."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from truenav.cli.common import desk, dry_run_option, instant_option
from truenav.cli.definitions import Noun, add_definition_commands, put_documents

ACCOUNT = Noun(
    "account", "truenav.app.sources.catalogues:ACCOUNTS", ("id", "name", "venue", "kind", "wallets")
)


@click.group()
def account() -> None:
    """Accounts: where assets live, whoever holds the key."""


@account.command()
@click.argument("id")
@click.option("--name", help="For people; by default the id.")
@click.option("--venue", required=True, help="Who holds it: binance, okx, or any name.")
@click.option(
    "--kind",
    type=click.Choice(["exchange", "custodian", "wallet", "otc", "bank"]),
    default="exchange",
    show_default=True,
)
@click.option("--wallet", "wallets", multiple=True, default=("main",), show_default=True, help="Repeatable.")
@dry_run_option
def add(*, id: str, name: str | None, venue: str, kind: str, wallets: tuple[str, ...], dry_run: bool) -> None:
    """Add an account, or give an existing one new terms."""
    body = {"id": id, "name": name or id, "venue": venue, "kind": kind, "wallets": list(wallets)}
    put_documents(ACCOUNT, [(f"account {id}", body)], dry_run=dry_run)


@account.command()
@click.argument("accounts", nargs=-1, required=True, metavar="ACCOUNT...")
@click.option(
    "--as",
    "form",
    type=click.Choice(["truenav", "koinly", "cointracking", "beancount", "hledger"]),
    default="truenav",
    show_default=True,
    help="The program that reads it.",
)
@instant_option("--since", "Only what happened after it; balances open with what was held then.")
@instant_option("--until", "Only what had happened by then.")
@instant_option("--known-at", "As it was known then.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="By default named for it.")
def export(
    *,
    accounts: tuple[str, ...],
    form: str,
    since: datetime | None,
    until: datetime | None,
    known_at: datetime | None,
    out: Path | None,
) -> None:
    """Write the journal of each ACCOUNT for another program, or for another installation of truenav."""
    from truenav.app.exports.journals import Asked, export_journal
    from truenav.connect.files.out import JournalForm

    asked = Asked(JournalForm(form), accounts, since, until, known_at)
    with desk() as here, here.transaction() as session:
        exported = export_journal(session, here.house, here.principal, asked)
    path = out or Path(exported.name)
    with path.open("wb") as file:
        file.writelines(exported.pieces())
    click.echo(str(path))


add_definition_commands(account, ACCOUNT)
