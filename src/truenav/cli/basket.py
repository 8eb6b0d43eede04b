"""``truenav basket``: products that hold assets, their daily lists, and orders of authorised participants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from truenav.cli.common import Row, desk, dry_run_option, instant_option, output_option, say, show
from truenav.cli.definitions import Noun, add_definition_commands, definition_group
from truenav.cli.etp_inputs import decimal_option

if TYPE_CHECKING:
    from truenav.app.baskets.orders import OrderDesk, OrderView
    from truenav.cli.common import Desk
    from truenav.core.basket import BasketListing
    from truenav.core.money import Amount
    from truenav.store.baskets import KeptList
    from truenav.store.database import Session

PRODUCT = Noun(
    "basket product",
    "truenav.app.baskets.catalogues:BASKETS",
    ("id", "node", "opening_shares", "benchmark", "halted", "automatic", "disclosed"),
)
PARTICIPANT = Noun(
    "participant",
    "truenav.app.baskets.catalogues:PARTICIPANTS",
    ("id", "name", "order_limit", "daily_limit", "active"),
)

_LIST_COLUMNS = (
    "trade_day",
    "version",
    "state",
    "unit_value",
    "nav_per_share",
    "made_by",
    "approved_by",
    "document",
)
_ORDER_COLUMNS = ("number", "participant", "client_id", "side", "units", "state", "dealing_day", "missing")

_product = click.argument("product", metavar="PRODUCT")
_number = click.argument("number", metavar="ORDER", type=click.IntRange(1))
_day = click.argument("day", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]))


@click.group()
def basket() -> None:
    """Products that hold assets: holdings, creation lists of each day, orders of participants, iNAV.

    PRODUCT is the product's id, DAY a dealing day such as 2026-11-24, ORDER the number in 'order list'.
    """


products = definition_group("product", PRODUCT, help="Basket products, as versioned documents.")
participants = click.Group("participant", help="Authorised participants, as versioned documents.")
add_definition_commands(participants, PARTICIPANT)


@basket.group("list")
def lists() -> None:
    """Creation lists of dealing days: made at the close before, checked by a second person, published."""


@basket.group("order")
def orders() -> None:
    """Orders of authorised participants, from receipt to settlement."""


basket.add_command(products)
basket.add_command(participants)


@contextmanager
def _opened(product: str, *, keep: bool = True) -> Iterator[tuple[Desk, Session, BasketListing]]:
    """A transaction with the product in it."""
    from truenav.app.baskets.lists import find_basket
    from truenav.app.sight import sight_of

    with desk() as here, here.transaction(keep=keep) as session:
        sight = sight_of(session, here.principal)
        yield here, session, find_basket(session, here.principal, sight, product)


@basket.command()
@_product
@output_option
def holdings(*, product: str, output: str) -> None:
    """Show what PRODUCT holds now, and what of that is doubtful."""
    from truenav.app.baskets.lists import present_holdings
    from truenav.calc.etp.baskets.basket import net_quantity

    with _opened(product) as (here, session, listing):
        view = present_holdings(session, here.house, here.principal, listing)
    if output == "json":
        show([{"view": view}], output)
        return
    rows: list[Row] = [
        {
            "asset": one.asset,
            "place": one.place,
            "quantity": one.quantity,
            "accrued_fee": one.accrued_fee,
            "expenses": one.expenses,
            "net": net_quantity(one),
            "price": view.prices.get(one.asset),
        }
        for one in view.holdings.assets
    ]
    show(rows, output)
    say(
        f"Cash {view.holdings.cash}, shares {view.holdings.shares_outstanding}, "
        f"NAV per share {view.nav_per_share}"
    )
    for failure in view.failures:
        say(f"! {failure.message} {failure.mend}")


@basket.command()
@_product
@instant_option("--since", "From when on, at most a week ago; by default a day ago.")
@output_option
def inav(*, product: str, since: datetime | None, output: str) -> None:
    """Show the indicative value of a share of PRODUCT, with coverage and premium."""
    from truenav.app.baskets.reading import inav_series
    from truenav.core.canonical import encode

    with _opened(product) as (here, session, listing):
        now = here.house.clock.now()
        found = inav_series(session, listing.id, since or now - timedelta(days=1), now, most=6_000)
    show([encode(one) for one in found], output)


@basket.command()
@_product
@output_option
def tracking(*, product: str, output: str) -> None:
    """Show the closes of PRODUCT, and how it follows its benchmark."""
    from truenav.app.baskets import reading
    from truenav.core.canonical import encode

    with _opened(product) as (_, session, listing):
        found = reading.tracking(session, listing)
    show([encode(one) for one in found.closes], output)
    say(
        f"Tracking difference {found.difference}, tracking error {found.error}, "
        f"against {found.benchmark or 'no benchmark'}"
    )


@basket.command("pay-fee")
@_product
@click.argument("amount", metavar="AMOUNT")
@click.option("--reference", required=True, help="The transfer's own id.")
@dry_run_option
def pay_fee(*, product: str, amount: str, reference: str, dry_run: bool) -> None:
    """Record that AMOUNT (such as 0.05:ASSET) of the accrued fee left PRODUCT."""
    with _opened(product, keep=not dry_run) as (here, session, listing):
        _desk_of(here, session, listing).pay_fee(amount=_amount(amount), reference=reference)
    say(f"{product}: fee payment {reference} recorded{_told(dry_run)}")


@lists.command("all")
@_product
@output_option
def all_lists(*, product: str, output: str) -> None:
    """List the newest list of each dealing day of PRODUCT."""
    from truenav.store import baskets

    with _opened(product) as (_, session, listing):
        found = baskets.lists(session, listing.id, limit=100)
    show([_list_row(one) for one in found], output, columns=_LIST_COLUMNS)


@lists.command()
@_product
@instant_option("--as-of", "As of when, after the last cut-off; by default now.")
@click.option("--reason", help="Why it is made; needed in place of a published list.")
@dry_run_option
@output_option
def make(*, product: str, as_of: datetime | None, reason: str | None, dry_run: bool, output: str) -> None:
    """Make the list of the next dealing day of PRODUCT from what is recorded."""
    from truenav.app.baskets.lists import make_list

    with _opened(product, keep=not dry_run) as (here, session, listing):
        kept = make_list(session, here.house, here.principal, listing, as_of=as_of, reason=reason)
    show([_list_row(kept)], output, columns=_LIST_COLUMNS)
    if dry_run:
        say("Dry run: not kept.")
        return
    day = kept.document.listed.trade_day
    say(
        f"Somebody else approves it: truenav basket list approve {product} {day} "
        f"--document {kept.document_sha[:16]}"
    )


@lists.command("show")
@_product
@_day
@click.option(
    "--form",
    type=click.Choice(["json", "csv", "xml"]),
    default="json",
    show_default=True,
    help="How the list is written.",
)
@click.option("--version", type=click.IntRange(1), help="By default the newest that is not rejected.")
@click.option("--disclosure", is_flag=True, help="The disclosure of the close before instead.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of stdout."
)
def show_list(
    *, product: str, day: datetime, form: str, version: int | None, disclosure: bool, out: Path | None
) -> None:
    """Write the list of DAY as a file."""
    from truenav.app.baskets.lists import disclosure_file, list_file
    from truenav.connect.products.creation_lists import ListForm
    from truenav.store import baskets

    with _opened(product) as (_, session, listing):
        kept = baskets.find_list(session, listing.id, day.date(), version=version)
    data = (disclosure_file if disclosure else list_file)(kept, ListForm(form))
    if out is None:
        click.echo(data.decode())
    else:
        out.write_bytes(data)
    say(f"{kept.state.value}, document {kept.document_sha}")


@lists.command()
@_product
@_day
@click.option(
    "--document", "seen", required=True, help="The document's SHA-256 (or its start) as you saw it."
)
def approve(*, product: str, day: datetime, seen: str) -> None:
    """Approve the list of DAY. Only somebody who did not make it can."""
    from truenav.app.baskets.lists import approve_list
    from truenav.store import baskets

    with _opened(product) as (here, session, listing):
        held = baskets.find_list(session, listing.id, day.date()).document_sha
        full = held if len(seen) >= 12 and held.startswith(seen.lower()) else seen
        approve_list(session, here.house, here.principal, listing.id, day.date(), document_sha=full)
    say(f"Approved. Publish it: truenav basket list publish {product} {day.date()}")


@lists.command()
@_product
@_day
def publish(*, product: str, day: datetime) -> None:
    """Publish the approved list of DAY; one that was published before is superseded."""
    from truenav.app.baskets.lists import publish_list

    with _opened(product) as (here, session, listing):
        publish_list(session, here.house, here.principal, listing.id, day.date())
    say(f"The list of {product} for {day.date()} is published.")


@lists.command("reject")
@_product
@_day
@click.option("--reason", required=True)
def reject_list(*, product: str, day: datetime, reason: str) -> None:
    """Refuse the list of DAY, which is not published yet."""
    from truenav.app.baskets import lists as service

    with _opened(product) as (here, session, listing):
        service.reject_list(session, here.house, here.principal, listing.id, day.date(), reason=reason)
    say(f"The list of {product} for {day.date()} is rejected.")


@orders.command("list")
@_product
@output_option
def all_orders(*, product: str, output: str) -> None:
    """List the orders of PRODUCT, the latest first."""
    from truenav.app.baskets.orders import list_orders

    with _opened(product) as (_, session, listing):
        found = list_orders(session, listing)
    show([_order_row(one) for one in found], output, columns=_ORDER_COLUMNS)


@orders.command()
@_product
@click.option("--participant", required=True)
@click.option("--id", "client_id", required=True, help="The participant's own id of the order.")
@click.option("--side", type=click.Choice(["create", "redeem"]), required=True)
@click.option("--units", type=click.IntRange(1), required=True, help="Whole creation units.")
@click.option(
    "--cash-for", multiple=True, metavar="ASSET", help="Settle this asset in cash; may be repeated."
)
@output_option
def receive(
    *,
    product: str,
    participant: str,
    client_id: str,
    side: str,
    units: int,
    cash_for: tuple[str, ...],
    output: str,
) -> None:
    """Enter an order of a participant; it is checked at once. The same order again changes nothing."""
    from truenav.core.ap_orders import ApOrder
    from truenav.core.basket import Side
    from truenav.core.money import AssetId

    assets = frozenset(AssetId(asset) for asset in cash_for)
    order = ApOrder(product, participant, client_id, Side(side), units, assets)
    _step(product, lambda at: at.receive(order), output)


def _plain_step(name: str, act: Callable[[OrderDesk, int], OrderView], help: str) -> None:
    """A step that needs the order alone."""

    @orders.command(name, help=help)
    @_product
    @_number
    @output_option
    def step(*, product: str, number: int, output: str) -> None:
        _step(product, lambda at: act(at, number), output)


_plain_step(
    "accept", lambda at, order: at.accept(order), "Accept ORDER. Only somebody who did not enter it can."
)
_plain_step(
    "cancel", lambda at, order: at.cancel(order), "Take ORDER back, until the cut-off of its dealing day."
)
_plain_step(
    "price", lambda at, order: at.price(order), "Fix the amounts of ORDER at the close of its dealing day."
)
_plain_step("instruct", lambda at, order: at.instruct(order), "Tell both sides of ORDER to deliver.")
_plain_step(
    "fail-fee",
    lambda at, order: at.charge_lateness(order),
    "Charge the days that the delivery of ORDER is late.",
)
_plain_step(
    "settle",
    lambda at, order: at.settle(order),
    "Settle ORDER. Only somebody who did not record its deliveries can.",
)


@orders.command("reject")
@_product
@_number
@click.option("--reason", required=True)
@output_option
def reject_order(*, product: str, number: int, reason: str, output: str) -> None:
    """Refuse ORDER before it is accepted."""
    _step(product, lambda at: at.reject(number, reason=reason), output)


@orders.command()
@_product
@_number
@click.option("--reason", required=True)
@output_option
def fail(*, product: str, number: int, reason: str, output: str) -> None:
    """Give ORDER up, which is overdue; what had come in goes back."""
    _step(product, lambda at: at.fail(number, reason=reason), output)


@orders.command()
@_product
@_number
@output_option
def transfers(*, product: str, number: int, output: str) -> None:
    """List what came into the product's accounts of the assets that ORDER still owes."""
    from truenav.core.canonical import encode

    with _opened(product) as (here, session, listing):
        found = _desk_of(here, session, listing).transfers(number)
    show([encode(one) for one in found], output)


@orders.command()
@_product
@_number
@click.option("--reference", required=True, help="Of a recorded transfer, or the id of any other.")
@click.option("--amount", metavar="NUMBER:ASSET", help="What it brought, where the record does not show it.")
@output_option
def deliver(*, product: str, number: int, reference: str, amount: str | None, output: str) -> None:
    """Record what arrived for ORDER; each transfer counts once."""
    told = None if amount is None else _amount(amount)
    _step(product, lambda at: at.deliver(number, reference=reference, amount=told), output)


@orders.command("buy-in")
@_product
@_number
@click.option("--missing", required=True, metavar="NUMBER:ASSET", help="What was bought.")
@decimal_option("--cost", "What that cost, in the quote asset.", is_positive=True, required=True)
@click.option("--reference", required=True, help="The trade's own id.")
@output_option
def buy_in(*, product: str, number: int, missing: str, cost: Decimal, reference: str, output: str) -> None:
    """Record that the issuer bought what was missing of ORDER; the participant owes the cost."""
    bought = _amount(missing)
    _step(product, lambda at: at.buy_in(number, missing=bought, cost=cost, reference=reference), output)


@orders.command("true-up")
@_product
@_number
@click.option("--asset", required=True, help="The asset that cash stood for.")
@decimal_option("--realised", "What the product's own trade of it came to.", is_positive=True, required=True)
@output_option
def true_up(*, product: str, number: int, asset: str, realised: Decimal, output: str) -> None:
    """Settle substituted cash of ORDER against the product's own trade."""
    from truenav.core.money import AssetId

    _step(product, lambda at: at.true_up(number, asset=AssetId(asset), realised=realised), output)


def _step(product: str, act: Callable[[OrderDesk], OrderView], output: str) -> None:
    """Do a step and show the order after it."""
    with _opened(product) as (here, session, listing):
        view = act(_desk_of(here, session, listing))
    show([_order_row(view)], output, columns=_ORDER_COLUMNS)
    for reason in view.reasons:
        say(f"! {reason}")


def _desk_of(here: Desk, session: Session, listing: BasketListing) -> OrderDesk:
    from truenav.app.baskets.orders import OrderDesk

    return OrderDesk(session, here.house, here.principal, listing)


def _amount(text: str) -> Amount:
    """``0.5:ASSET`` as an amount."""
    from truenav.core.failure import InvalidInputError
    from truenav.core.money import Amount, AssetId, parse_decimal

    number, colon, asset = text.partition(":")
    if not colon or not asset:
        raise InvalidInputError(f"{text[:60]!r} is no amount; write a number, a colon and the asset.")
    return Amount(parse_decimal(number, what="amount"), AssetId(asset))


def _list_row(kept: KeptList) -> Row:
    listed = kept.document.listed
    return {
        "trade_day": listed.trade_day,
        "version": kept.version,
        "state": kept.state,
        "unit_value": listed.unit_value,
        "nav_per_share": listed.nav_per_share,
        "made_by": kept.made_by,
        "approved_by": kept.approved_by,
        "document": kept.document_sha,
    }


def _order_row(view: OrderView) -> Row:
    from truenav.calc.etp.baskets.ap_book import told
    from truenav.core.canonical import encode

    row: Row = encode(view)
    order = view.order
    return {
        **row,
        "participant": order.participant,
        "client_id": order.client_id,
        "side": order.side,
        "units": order.units,
        "missing": [told(one) for one in view.missing],
    }


def _told(dry_run: bool) -> str:
    return " (dry run: not kept)" if dry_run else ""
