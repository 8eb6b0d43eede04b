"""``truenav asset``: assets, and the codes by which venues and files call them."""

from __future__ import annotations

import click

from truenav.cli.common import dry_run_option
from truenav.cli.definitions import Noun, add_definition_commands, definition_group, put_documents

ASSET = Noun("asset", "truenav.app.sources.catalogues:ASSETS", ("id", "symbol", "name", "kind", "decimals"))
ALIAS = Noun(
    "alias",
    "truenav.app.sources.catalogues:ALIASES",
    ("key", "namespace", "code", "asset", "valid_from", "valid_to"),
)


@click.group()
def asset() -> None:
    """Assets and their aliases. Identity is never a ticker; the built-in assets need no adding."""


@asset.command()
@click.argument("id")
@click.option("--symbol", required=True, help="Short name for people.")
@click.option("--name", help="Full name; by default the symbol.")
@click.option(
    "--kind",
    type=click.Choice(["fiat", "stablecoin", "crypto", "receipt", "index"]),
    default="crypto",
    show_default=True,
)
@click.option("--decimals", type=click.IntRange(0, 38), default=18, show_default=True)
@dry_run_option
def add(*, id: str, symbol: str, name: str | None, kind: str, decimals: int, dry_run: bool) -> None:
    """Add the asset ID, a CAIP-19 name such as eip155:1/erc20:0x..., or iso4217:CHF.

    Venues and files find it by its full id; 'truenav asset alias add' lets them use a ticker.
    """
    body = {"id": id, "symbol": symbol, "name": name or symbol, "kind": kind, "decimals": decimals}
    put_documents(ASSET, [(f"asset {id}", body)], dry_run=dry_run)


alias = definition_group("alias", ALIAS, help="The codes by which venues and files call assets.")
add_definition_commands(asset, ASSET)
asset.add_command(alias)


@alias.command("add")
@click.argument("code")
@click.argument("asset_id", metavar="ASSET")
@click.option(
    "--namespace", default="*", show_default=True, help="A venue, or * for all without one of their own."
)
@dry_run_option
def add_alias(*, code: str, asset_id: str, namespace: str, dry_run: bool) -> None:
    """Let CODE mean ASSET. For aliases that hold for a time only, use put."""
    body = {"namespace": namespace, "code": code, "asset": asset_id}
    put_documents(ALIAS, [(f"alias {code}", body)], dry_run=dry_run)
