"""``truenav etp``: the products that are run here."""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click

from truenav.cli.common import Row, desk, dry_run_option, instant_option, output_option, say, show
from truenav.cli.definitions import Noun, definition_group
from truenav.cli.etp_inputs import decimal_option, one_product, read_rules

LISTING = Noun(
    "listing",
    "truenav.app.etp.catalogues:LISTINGS",
    ("id", "node", "instrument", "opened_at", "opening_nav", "opening_units", "hedge_account", "disclosed"),
)

listing = definition_group("listing", LISTING, help="Listings: what is run here, as versioned documents.")

_STATE_COLUMNS = (
    "id",
    "product",
    "standing",
    "as_of",
    "price",
    "nav",
    "leverage",
    "target",
    "units",
    "net_assets",
)
_EVENT_COLUMNS = ("at", "kind", "price", "leverage_before", "leverage_after", "quantity", "cost")


@click.command()
@click.argument("rules", metavar="RULES")
@click.option("--product", metavar="ID", help="Which of several products in RULES.")
@click.option("--id", "name", help="What it is called here; by default the product's id in small letters.")
@click.option("--node", required=True, help="The node of the portfolio tree that its assets belong to.")
@click.option("--instrument", required=True, help="What it holds, such as binance-usdm:BTCUSDT.")
@click.option("--account", help="The account that it is hedged in; none: the model is the product.")
@decimal_option("--automatic", "Rebalances worth at most so much need no approval.")
@click.option("--published-rates", is_flag=True, help="Financed at the venue's published funding rates.")
@decimal_option("--nav", "NAV of a unit at the opening.", is_positive=True, default="100", show_default=True)
@decimal_option("--units", "Units issued at the opening.", is_positive=True, required=True)
@decimal_option("--tick", "Price step of its market.", is_positive=True, default="0.0001", show_default=True)
@instant_option("--opens", "When it opens; by default now.")
@click.option("--disclosed", is_flag=True, help="Let the public see it.")
@dry_run_option
def launch(
    *,
    rules: str,
    product: str | None,
    name: str | None,
    node: str,
    instrument: str,
    account: str | None,
    automatic: Decimal | None,
    published_rates: bool,
    nav: Decimal,
    units: Decimal,
    tick: Decimal,
    opens: datetime | None,
    disclosed: bool,
    dry_run: bool,
) -> None:
    """List a product of RULES: from the first price after its opening on, it is run here."""
    from truenav.app.etp.catalogues import LISTINGS
    from truenav.core.ids import AccountId, InstrumentId, NodeId
    from truenav.core.listing import Listing

    chosen = one_product(read_rules(rules), product)
    with desk() as here, here.transaction(keep=not dry_run) as session:
        listed = Listing(
            id=chosen.id.lower() if name is None else name,
            node=NodeId(node),
            product=chosen,
            instrument=InstrumentId(instrument),
            opened_at=here.house.clock.now() if opens is None else opens,
            opening_nav=nav,
            opening_units=units,
            tick=tick,
            hedge_account=None if account is None else AccountId(account),
            automatic_up_to=automatic,
            disclosed=disclosed,
            published_rates=published_rates,
        )
        LISTINGS.put(session, here.house, here.principal, listed, expected_version=0)
    say(f"{listed.id}: listed{' (dry run: not kept)' if dry_run else ''}")


@click.command()
@output_option
def state(*, output: str) -> None:
    """Show where each product that is run here stands: NAV, leverage, net assets."""
    from truenav.app.etp.reading import list_rows
    from truenav.app.sight import sight_of
    from truenav.core.canonical import encode

    with desk() as here, here.transaction() as session:
        found = list_rows(session, here.principal, sight_of(session, here.principal))
    rows: list[Row] = [encode(one) for one in found]
    show(rows, output=output, columns=_STATE_COLUMNS)


@click.command()
@click.argument("name", metavar="LISTING")
@output_option
def events(*, name: str, output: str) -> None:
    """Show the rebalances of a product that is run here; JSON is its whole public document."""
    import json

    from truenav.app.etp.reading import disclosed, find_listing
    from truenav.app.sight import sight_of
    from truenav.core.canonical import encode

    with desk() as here, here.transaction() as session:
        found = find_listing(session, here.principal, sight_of(session, here.principal), name)
        document = disclosed(session, found)
    if output == "json":
        click.echo(json.dumps(encode(document), indent=2, ensure_ascii=False))
        return
    rows: list[Row] = [encode(one) for one in document.rebalances]
    show(rows, output=output, columns=_EVENT_COLUMNS)


@click.command()
@click.argument("name", metavar="LISTING")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="By default LISTING.zip.")
def export(*, name: str, out: Path | None) -> None:
    """Write the evidence bundle of a product: everything that it went through, for `truenav verify`.

    One that has ended has its bundle, too.
    """
    from truenav.app.etp.proof.exporting import product_bundle
    from truenav.app.etp.reading import find_ever_listed
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction() as session:
        found = find_ever_listed(session, here.principal, sight_of(session, here.principal), name)
        bundle = product_bundle(session, here.house, here.principal, found)
    path = out or Path(f"{name}.zip")
    path.write_bytes(bundle)
    click.echo(str(path))


@click.command()
@click.argument("name", metavar="LISTING")
def verify(*, name: str) -> None:
    """Compute a product's journal again from its marks and deeds; exit code 1 where anything differs."""
    from truenav.app.etp.proof.verifying import verify as verified
    from truenav.app.etp.reading import find_ever_listed
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction() as session:
        find_ever_listed(session, here.principal, sight_of(session, here.principal), name)
        found = verified(session, name)
    counts = f"{found.chapters} chapters, {found.marks} marks, {found.deeds} deeds, {found.steps} steps"
    say(f"{name}: {counts}; {found.difference or 'computed again, identical to the byte.'}")
    sys.exit(0 if found.is_identical else 1)
