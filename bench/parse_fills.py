"""100,000 fills of a venue's JSON into exact columns and into facts, beside ccxt's own `parse_trades`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bench._page import Page
from bench._pages import FILLS, pages
from bench.harness import Contender, Goal, Workload
from truenav.core.trades import MILLISECOND

GOAL = 5


def _check(page: Page) -> None:
    """Each field of each fill, of columns, facts and ccxt's rows."""
    columns, facts, theirs = page.columns(), page.facts(), page.rows()
    assert columns.facts(page.evidence) == facts
    assert len(facts) == len(theirs) == FILLS
    ours = {name: n for n, name in enumerate(columns.id)}
    for row in theirs:
        n = ours[page.name.format(**row["info"])]
        told = (
            columns.at[n] * columns.step // MILLISECOND,
            abs(columns.quantity[n]) * page.size,
            columns.quantity[n] > 0,
            columns.price[n],
            -columns.fee[n],
            columns.order_id[n],
        )
        assert told == (
            row["timestamp"],
            Decimal(row["amount"]),
            row["side"] == "buy",
            Decimal(row["price"]),
            Decimal(row["fee"]["cost"]),
            row["order"],
        )


def workload() -> Workload:
    given = pages()
    contenders = []
    for page in given:
        ways: dict[str, Callable[[], object]] = {
            "truenav": page.facts,
            "ccxt": page.rows,
        }
        contenders += [Contender(f"{name} ({page.venue})", way) for name, way in ways.items()]

    def verify() -> str:
        for page in given:
            _check(page)
        return "Number, time, side, size, price, fee and order of each fill are ccxt's."

    return Workload(
        title="Parsing 100,000 fills of a venue's JSON",
        items=FILLS,
        unit="fill",
        ours="truenav (binance)",
        contenders=contenders,
        goals=[
            Goal(
                f"times as fast as ccxt's parse_trades, {one.venue}",
                lambda seconds, venue=one.venue: seconds[f"ccxt ({venue})"] / seconds[f"truenav ({venue})"],  # type: ignore[misc]
                at_least=GOAL,
            )
            for one in given
        ],
        verify=verify,
        notes=[
            "Each reads the same bytes. ccxt keeps numbers as text (its `number` is `str`), losing nothing. "
            "Ours are facts in columns, as a gathering hands them to the journal, which writes the columns."
        ],
    )
