"""``truenav account``: where assets live."""

from __future__ import annotations

import click

from truenav.cli.common import dry_run_option
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


add_definition_commands(account, ACCOUNT)
