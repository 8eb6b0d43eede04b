"""``truenav pricing``: policies, numeraires, and the marks that they choose."""

from __future__ import annotations

import json

import click

from truenav.cli.common import Row, output_option, say, show
from truenav.cli.definitions import Noun, definition_group

POLICY = Noun("policy", "truenav.app.pricing.catalogues:PRICING_POLICIES", ("id", "rules", "indices"))
NAV_POLICY = Noun(
    "nav policy",
    "truenav.app.pricing.catalogues:NAV_POLICIES",
    ("id", "minimum_coverage", "snapshot_stale_seconds", "snapshot_unusable_seconds", "output_places"),
)
NUMERAIRE = Noun("numeraire", "truenav.app.pricing.catalogues:NUMERAIRES", ("code", "is", "asset"))

_MARK_COLUMNS = ("symbol", "venue", "price", "quote", "price_usd", "source", "age_seconds", "quality", "note")


@click.group()
def pricing() -> None:
    """Policies, marks and numeraires.

    A policy whose id is a fund's is that fund's; one called 'default' is everybody else's.
    """


policy = definition_group("policy", POLICY, help="Pricing policies: which source prices what.")
pricing.add_command(policy)
pricing.add_command(definition_group("nav-policy", NAV_POLICY, help="When a NAV counts as complete."))
pricing.add_command(
    definition_group("numeraire", NUMERAIRE, help="In what a NAV is shown, besides the built-in assets.")
)


@policy.command()
@click.option("--venues-only", is_flag=True, help="The policy that takes every price from its own venue.")
def default(*, venues_only: bool) -> None:
    """Print the built-in policy as JSON, to be changed and put."""
    from truenav.calc.pricing.defaults import default_policy, venue_policy
    from truenav.core.canonical import encode

    chosen = venue_policy() if venues_only else default_policy()
    click.echo(json.dumps(encode(chosen), indent=2, ensure_ascii=False))


@pricing.command()
@click.argument("fund")
@click.option("--live", is_flag=True, help="Of what is recorded now, instead of the latest run.")
@output_option
def marks(*, fund: str, live: bool, output: str) -> None:
    """Show the marks that the NAV of FUND uses: source, age in seconds, quality."""
    from truenav.app.portfolio.figures import mark_rows
    from truenav.cli.portfolio import read_valuation
    from truenav.core.canonical import encode

    rows: list[Row] = [encode(row) for row in mark_rows(read_valuation(fund, live=live).inputs)]
    show(rows, output, columns=None if output == "json" else _MARK_COLUMNS)
    unpriced = sum(row["quality"] == "unpriced" for row in rows)
    if unpriced:
        say(f"! {unpriced} without a price: shown as unpriced, never as zero.")
