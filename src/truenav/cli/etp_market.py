"""``truenav etp band``: at which prices the units of a product may be traded now."""

from __future__ import annotations

import csv
import io
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from truenav.cli.common import desk, output_option, read_file, say, show
from truenav.cli.etp_inputs import decimal_option
from truenav.core.canonical import encode
from truenav.core.failure import InvalidInputError, TruenavError
from truenav.core.money import parse_decimal

if TYPE_CHECKING:
    from truenav.app.etp.band import Level, UnitOrder

_BAND_COLUMNS = ("listing", "as_of", "until", "nav", "tick", "min_sell", "max_buy", "quote")
_CHECK_COLUMNS = ("is_allowed", "reason", "average", "worst", "within")
_BOOK_COLUMNS = ["price", "units"]


@click.command()
@click.argument("name", metavar="LISTING")
@click.option("--side", type=click.Choice(["buy", "sell"]), help="Check an order of this side.")
@decimal_option("--price", "Price of a limit order.")
@decimal_option("--quantity", "Units of a market order; needs --book.")
@click.option(
    "--book",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="CSV of the other side's levels with price and units, the best first; - is standard input.",
)
@output_option
def band(
    *,
    name: str,
    side: str | None,
    price: Decimal | None,
    quantity: Decimal | None,
    book: str | None,
    output: str,
) -> None:
    """Show the price band of a product that is run here, or check an order against it.

    Exit code 1: the order is not allowed; 4: there is no fresh NAV, so no order is.
    """
    from truenav.app.etp.band import band_of, check_order
    from truenav.app.etp.reading import find_listing
    from truenav.app.sight import sight_of

    order = _order(side, price, quantity, book)
    with desk() as here, here.transaction() as session:
        listing = find_listing(session, here.principal, sight_of(session, here.principal), name)
        now = here.house.clock.now()
        if order is None:
            show([encode(band_of(session, listing, now=now))], output=output, columns=_BAND_COLUMNS)
            return
        found = check_order(session, listing, order, now=now)
    show([encode(found)], output=output, columns=_CHECK_COLUMNS)
    if not found.is_allowed:
        say(found.reason or "")
        sys.exit(TruenavError.exit_code)


def _order(
    side: str | None, price: Decimal | None, quantity: Decimal | None, book: str | None
) -> UnitOrder | None:
    """The order to be checked; none where only the band is asked for."""
    from truenav.app.etp.band import UnitOrder
    from truenav.core.orders import Side

    if side is not None:
        levels = None if book is None else _levels(read_file(book))
        return UnitOrder(Side(side), price, quantity, levels)
    if price is not None or quantity is not None or book is not None:
        raise InvalidInputError("An order has a side; add --side buy or --side sell.")
    return None


def _levels(data: bytes) -> tuple[Level, ...]:
    from truenav.app.etp.band import Level

    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"The book is no CSV in UTF-8: {error}.") from error
    if not rows or rows[0] != _BOOK_COLUMNS or any(len(row) != len(_BOOK_COLUMNS) for row in rows):
        raise InvalidInputError("The book needs the columns price and units, named in its first line.")
    return tuple(
        Level(parse_decimal(price, what=f"line {line}"), parse_decimal(units, what=f"line {line}"))
        for line, (price, units) in enumerate(rows[1:], start=2)
    )
