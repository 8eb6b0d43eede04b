"""``truenav portfolio``: the tree, who feeds it, its share classes, and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from truenav.cli.common import Row, desk, output_option, say, show, table
from truenav.cli.definitions import Noun, definition_group
from truenav.core.ids import NodeId

if TYPE_CHECKING:
    from decimal import Decimal

    from truenav.app.portfolio.figures import NodeFigures, Valuation

NODE = Noun("node", "truenav.app.portfolio.catalogues:NODES", ("id", "name", "kind", "parent"))
RULE = Noun("rule", "truenav.app.portfolio.catalogues:RULES", ("key", "account", "rank", "node", "selector"))
SHARE_CLASS = Noun(
    "class",
    "truenav.app.portfolio.catalogues:SHARE_CLASSES",
    ("id", "fund", "name", "currency", "management_fee_rate", "day_count"),
)


@click.group()
def portfolio() -> None:
    """The portfolio tree and its figures."""


portfolio.add_command(definition_group("node", NODE, help="Places in the tree: funds, strategies, books."))
portfolio.add_command(definition_group("rule", RULE, help="Which part of an account feeds which node."))
portfolio.add_command(definition_group("class", SHARE_CLASS, help="Classes of units of a fund."))


@portfolio.command("show")
@click.argument("fund")
@click.option("--numeraire", default="USD", show_default=True, help="In what the figures are shown.")
@click.option("--live", is_flag=True, help="Value what is recorded now, instead of showing the latest run.")
@output_option
def show_tree(*, fund: str, numeraire: str, live: bool, output: str) -> None:
    """Show the tree below FUND: value, exposure, leverage, P&L, funding and coverage of every node."""
    from truenav.app.portfolio.figures import node_figures

    found = read_valuation(fund, live=live)
    figures = node_figures(found, numeraire.upper())
    if output == "table":
        _print_tree(found, figures, numeraire.upper())
    else:
        rows: list[Row] = [
            {field: getattr(one, field) for field in one.__dataclass_fields__} for one in figures
        ]
        show(rows, output)


def read_valuation(fund: str, *, live: bool) -> Valuation:
    """The latest run of a fund, or a valuation of what is recorded now."""
    from truenav.app.portfolio.figures import latest_valuation, live_valuation

    with desk() as here, here.transaction() as session:
        read = live_valuation if live else latest_valuation
        return read(session, here.house, here.principal, NodeId(fund))


def _print_tree(found: Valuation, figures: tuple[NodeFigures, ...], code: str) -> None:
    from truenav.cli.nav import money, percent

    def number(value: Decimal | None) -> str:
        return money(value)

    names = ["node", "kind", f"value {code}", "gross", "net", "leverage", "unrealised", "funding", "observed"]
    rows = [
        [
            "  " * one.depth + one.node,
            one.kind,
            number(one.value),
            number(one.gross),
            number(one.net),
            number(one.leverage),
            number(one.unrealised),
            number(one.funding),
            "—" if one.coverage is None else percent(one.coverage.observed),
        ]
        for one in figures
    ]
    table(names, rows)
    result = found.result
    source = f"run {found.run}" if found.run else "what is recorded, not stored"
    say(f"\n{result.fund} as of {result.as_of:%Y-%m-%d %H:%M:%S} UTC, {result.quality}; {source}")
    for one in figures:
        if one.unpriced:
            say(f"! {one.node}: {one.unpriced} of {one.lines} lines have no price and add nothing.")
