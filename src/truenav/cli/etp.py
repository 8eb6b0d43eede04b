"""``truenav etp``: leveraged products, on paper without log-in and database, or run here."""

from __future__ import annotations

import sys
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from truenav.cli.common import output_option, say, show, table
from truenav.cli.etp_inputs import (
    as_of,
    decimal_option,
    existing,
    history_of,
    input_of,
    one_product,
    options_of,
    read_rules,
    replay_options,
    run,
)
from truenav.cli.etp_instructions import COMMANDS as INSTRUCTIONS
from truenav.cli.etp_market import band
from truenav.cli.etp_running import events, export, launch, listing, state, verify
from truenav.core.failure import InvalidInputError

if TYPE_CHECKING:
    from truenav.core.product import Product


@click.group()
def etp() -> None:
    """Leveraged products: rules, replays of prices, where the return went.

    RULES is a rule file or the name of a ready family ('truenav etp rules' lists them), and may name one
    product after a colon: hbtc:BTC3L. PRICES is a CSV or Parquet file with times and prices of the
    underlying, checked before it is used.
    """


@etp.command()
@click.argument("rules", metavar="RULES")
@click.argument("prices", metavar="PRICES", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--product", metavar="ID", help="Which of several products in RULES.")
@replay_options
@click.option(
    "--marks",
    type=click.Choice(["published", "all"]),
    default="published",
    show_default=True,
    help="The NAV path: published NAVs, or every mark.",
)
@click.option(
    "--places", type=click.IntRange(0, 60), help="Round figures to so many decimals; exact if not given."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write nav.csv, events.csv and attribution.json into this folder.",
)
@output_option
def simulate(
    *,
    rules: str,
    prices: Path,
    product: str | None,
    marks: str,
    places: int | None,
    out: Path | None,
    output: str,
    **options: Any,
) -> None:
    """Run one product of RULES over PRICES: NAV path, rebalances, and where the return came from.

    The same inputs give the same bytes. CSV on standard output is the NAV path alone; JSON is everything.
    """
    from truenav.calc.etp.explain.attribution import explain
    from truenav.cli import etp_report as report

    given = options_of(options)
    read = read_rules(rules)
    chosen = as_of(one_product(read, product), given)
    history = history_of(prices, given)
    simulation = run(chosen, history, given)
    more = [(kind, path) for kind, path in (("funding", given.funding), ("rolls", given.rolls)) if path]
    replay = report.Replay(
        read.source,
        input_of(prices),
        tuple((kind, input_of(path)) for kind, path in more),
        given,
        simulation,
        explain(simulation),
    )
    published = marks == "published"
    if out is not None:
        for path in report.write_files(out, replay, published_only=published, places=places):
            say(f"written: {path}")
    if output == "json":
        click.echo(report.as_json(replay, published_only=published, places=places))
    elif output == "csv":
        rows = report.path_rows(simulation, published_only=published, places=places)
        report.write_csv(sys.stdout, report.NAV_COLUMNS, rows)
    else:
        report.show_page(replay)


@etp.command()
@click.argument("rules", metavar="RULES... PRICES", nargs=-1, required=True)
@click.option("--underlying", metavar="NAME", help="Of each RULES only products on this underlying.")
@decimal_option("--target", "Of each RULES only products with this target leverage, such as -3.")
@replay_options
@output_option
def compare(
    *, rules: tuple[str, ...], underlying: str | None, target: Decimal | None, output: str, **options: Any
) -> None:
    """Run the products of several RULES over the same PRICES, one row each.

    RULES without a product means all that it holds. Returns and their parts are fractions of the first NAV;
    turnover is in multiples of NAV. A product whose rules did not hold then is left out and named.
    """
    from truenav.calc.etp.explain.attribution import explain
    from truenav.cli import etp_report as report

    given = options_of(options)
    *sets, prices = rules
    if not sets:
        raise InvalidInputError("Name at least one rule file or family, and then the file of prices.")
    history = history_of(existing(prices), given)
    replays = []
    for name in sets:
        read = read_rules(name)
        products = read.products if read.product is None else (one_product(read, None),)
        chosen = [one for one in products if _fits(one, underlying, target)]
        if not chosen:
            say(f"left out: {read.source.name}: none of its products is on that underlying with that target")
        for product in chosen:
            try:
                ours = as_of(product, given)
                simulation = run(ours, history, given)
            except InvalidInputError as error:
                say(f"left out: {read.source.name} {product.id}: {error.message}")
                continue
            replays.append((read.source.name, simulation, explain(simulation)))
    if not replays:
        raise InvalidInputError("No product is left to compare; choose others, or give --rules-as-of.")
    if output == "table":
        report.show_comparison(replays)
    else:
        show([report.compared(*replay) for replay in replays], output)


@etp.command()
@click.argument("rules", metavar="RULES")
@click.argument(
    "prices", metavar="[PRICES]", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--product", metavar="ID", help="Which of several products in RULES.")
@decimal_option(
    "--price", "Without PRICES: the price at which the product was just rebalanced.", is_positive=True
)
@replay_options
@output_option
def trigger(
    *,
    rules: str,
    prices: Path | None,
    product: str | None,
    price: Decimal | None,
    output: str,
    **options: Any,
) -> None:
    """Tell at which prices the product would rebalance by itself now, and where nothing would be left.

    With PRICES, now is the last mark; else right after a rebalance at --price.
    """
    from truenav.calc.etp.explain.outlook import outlook, outlook_of

    given = options_of(options)
    chosen = as_of(one_product(read_rules(rules), product), given)
    if (prices is None) == (price is None):
        raise InvalidInputError("Give either a file of prices or --price.")
    if prices is not None:
        found = outlook_of(run(chosen, history_of(prices, given), given))
    else:
        assert price is not None
        found = outlook(chosen.terms[-1], price, given.nav)
    if output == "table":
        from truenav.cli.etp_report import show_outlook

        show_outlook(found)
    else:
        show([_row(found)], output)


@etp.command()
@decimal_option("--leverage", "Target leverage, such as 3 or -3.", required=True)
@decimal_option("--volatility", "Volatility of a year; 0.8 is 80 %.", required=True)
@decimal_option("--days", "How long.", required=True)
@decimal_option(
    "--drift", "Return of the underlying over that time; 0.1 is 10 %.", default="0", show_default=True
)
@decimal_option("--fee", "Fee charged on NAV each day; 0.0003 is 0.03 %.", default="0", show_default=True)
@output_option
def decay(
    *, leverage: Decimal, volatility: Decimal, days: Decimal, drift: Decimal, fee: Decimal, output: str
) -> None:
    """What volatility is expected to take of a product that is rebalanced without pause.

    The return if the underlying ends up by --drift, after any path of this volatility.
    """
    from truenav.calc.etp.explain import decay as theory

    found = theory.expected_return(leverage, drift, volatility, days, fee=fee)
    if output == "table":
        from truenav.cli.etp_report import percent

        rows = [[part.name.replace("_", " "), percent(getattr(found, part.name))] for part in fields(found)]
        table(("part", "return %"), rows)
    else:
        show([_row(found)], output)


@etp.command("risk-note")
@click.argument("rules", metavar="RULES")
@click.option("--product", metavar="ID", help="Which of several products in RULES.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True)
def risk_note(*, rules: str, product: str | None, language: str) -> None:
    """Write a note on risks for holders of a product, in plain words and with its own numbers."""
    from truenav.calc.etp.explain import risk_note as notes

    chosen = one_product(read_rules(rules), product)
    for point in notes.risk_note(chosen, language=notes.Language(language)):
        click.echo(f"- {point}")


@etp.command("rules")
@click.argument("name", metavar="[RULES]", required=False)
@output_option
def rules_(*, name: str | None, output: str) -> None:
    """List the ready families and their products; or show one of RULES in full.

    In full: the rules, where they were published, what contradicts itself there, and what was assumed.
    """
    from truenav.connect.products import rules as files

    if name is None:
        rows = [
            {
                "family": family,
                "issuer": one.issuer,
                "product": one.id,
                "underlying": one.underlying,
                "quote": one.quote,
                "target": one.terms[-1].target,
                "since": one.terms[0].since,
                "until": one.until,
            }
            for family in files.families()
            for one in files.read_family(family)
        ]
        show(rows, output)
        return
    read = read_rules(name)
    chosen = read.products if read.product is None else (one_product(read, None),)
    if output == "table":
        from truenav.connect.products.writing import write_products

        click.echo(write_products(chosen), nl=False)
    else:
        show([_row(product) for product in chosen], output)


def _fits(product: Product, underlying: str | None, target: Decimal | None) -> bool:
    of_target = target is None or any(terms.target == target for terms in product.terms)
    return of_target and underlying in (None, product.underlying)


def _row(value: Any) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


for _command in (listing, launch, state, events, verify, export, band, *INSTRUCTIONS):
    etp.add_command(_command)
