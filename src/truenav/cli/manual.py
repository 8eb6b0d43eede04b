"""``truenav manual``: what people state, with the reason, as evidence like any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from truenav.cli.common import Row, desk, instant_option, number_option, output_option, say, show
from truenav.core.failure import InvalidInputError, NotFoundError
from truenav.core.ids import NodeId, Sha256, ShareClassId

if TYPE_CHECKING:
    from truenav.core.facts import Body
    from truenav.core.money import AssetId

    Resolve = Callable[[str], AssetId]

_reason = click.option("--reason", required=True, help="Why, and where it can be checked.")
_id = click.option("--id", "external_id", help="Its own id, so that entering it twice is once.")
_at = instant_option("--at", "When it happened; by default now.")
_asset = click.option("--asset", required=True, help="Ticker or full asset id.")


@click.group()
def manual() -> None:
    """Manual items, dealings, fee payments and manual marks; each needs a reason."""


@manual.group()
def item() -> None:
    """Assets and liabilities that no source reports."""


@manual.group()
def dealing() -> None:
    """Subscriptions and redemptions."""


@manual.group("fee-payment")
def fee_payment() -> None:
    """Accrued management fees that were paid out."""


@manual.group()
def mark() -> None:
    """Prices entered by hand."""


@item.command("add")
@click.argument("node")
@number_option("--amount", "An asset is positive, a liability negative.")
@_asset
@click.option(
    "--kind",
    type=click.Choice(["pending_withdrawal", "pending_deposit", "airdrop", "receivable", "payable", "other"]),
    required=True,
)
@_at
@instant_option("--until", "When it ends; by default when it is voided.")
@_id
@_reason
def add_item(
    *,
    node: str,
    amount: Decimal,
    asset: str,
    kind: str,
    at: datetime | None,
    until: datetime | None,
    external_id: str | None,
    reason: str,
) -> None:
    """Add a manual item to NODE."""
    from truenav.core.facts import ManualItem, ManualKind
    from truenav.core.money import Amount

    def body(resolve: Resolve) -> Body:
        return ManualItem(NodeId(node), ManualKind(kind), Amount(amount, resolve(asset)), reason, until)

    _enter(body, at=at, reason=reason, external_id=external_id)


@item.command("list")
@output_option
def list_items(*, output: str) -> None:
    """List the manual items in force, with the hash that voids them."""
    from truenav.access.policy import authorize
    from truenav.core.facts import ManualItem
    from truenav.store.journal import FactQuery, Journal

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "manual:read")
        journal = Journal(session, here.house.objects, here.principal.tenant)
        found = [one.fact for one in journal.facts(FactQuery(kinds=(ManualItem.TAG,)))]
    rows: list[Row] = [
        {
            "hash": fact.content_hash[:16] if output == "table" else fact.content_hash,
            "node": body.node,
            "kind": body.kind,
            "amount": body.amount.number,
            "asset": body.amount.asset,
            "from": fact.occurred_at,
            "until": body.until,
            "reason": body.reason,
        }
        for fact in found
        if isinstance(body := fact.body, ManualItem)
    ]
    show(rows, output)


@item.command("void")
@click.argument("hash")
@_reason
def void_item(*, hash: str, reason: str) -> None:
    """Take back the item with this HASH (or its first 12 digits or more)."""
    from truenav.app.sources.entries import enter
    from truenav.core.facts import ManualItem, Void
    from truenav.store.journal import FactQuery, Journal

    with desk() as here, here.transaction() as session:
        journal = Journal(session, here.house.objects, here.principal.tenant)
        items = {one.fact.content_hash: one.fact for one in journal.facts(FactQuery(kinds=(ManualItem.TAG,)))}
        full = _only(hash.lower(), list(items))
        enter(
            session,
            here.house,
            here.principal,
            Void(reason),
            occurred_at=items[full].occurred_at,
            reason=reason,
            supersedes=full,
        )
    say(f"Item {full[:16]} is void.")


@dealing.command("add")
@click.argument("fund")
@click.argument("share_class")
@click.option("--kind", type=click.Choice(["subscription", "redemption"]), required=True)
@click.option("--investor", required=True, help="Who, or node:ID of a fund of this house.")
@number_option("--units", "Issued or redeemed, positive either way.")
@number_option("--amount", "Paid in or out, positive either way.")
@_asset
@_at
@_id
@_reason
def add_dealing(
    *,
    fund: str,
    share_class: str,
    kind: str,
    investor: str,
    units: Decimal,
    amount: Decimal,
    asset: str,
    at: datetime | None,
    external_id: str | None,
    reason: str,
) -> None:
    """Record a subscription or redemption of SHARE_CLASS of FUND."""
    from truenav.core.facts import Dealing, DealingKind
    from truenav.core.money import Amount

    def body(resolve: Resolve) -> Body:
        money = Amount(amount, resolve(asset))
        return Dealing(DealingKind(kind), NodeId(fund), ShareClassId(share_class), investor, units, money)

    _enter(body, at=at, reason=reason, external_id=external_id)


@fee_payment.command("add")
@click.argument("fund")
@click.argument("share_class")
@number_option("--amount", "Paid out of the fund, positive.")
@_asset
@_at
@_id
@_reason
def add_fee_payment(
    *,
    fund: str,
    share_class: str,
    amount: Decimal,
    asset: str,
    at: datetime | None,
    external_id: str | None,
    reason: str,
) -> None:
    """Record that an accrued management fee of SHARE_CLASS of FUND was paid."""
    from truenav.core.facts import FeePayment
    from truenav.core.money import Amount

    def body(resolve: Resolve) -> Body:
        return FeePayment(NodeId(fund), ShareClassId(share_class), Amount(amount, resolve(asset)))

    _enter(body, at=at, reason=reason, external_id=external_id)


@mark.command("add")
@click.argument("base")
@number_option("--price", "Units of the quote asset for one of BASE.")
@click.option("--quote", default="USD", show_default=True, help="Ticker or full asset id.")
@_at
@_id
@_reason
def add_mark(
    *, base: str, price: Decimal, quote: str, at: datetime | None, external_id: str | None, reason: str
) -> None:
    """Enter a price of BASE, an asset or an instrument id. A policy decides whether it is used."""
    from truenav.core.facts import Quote, QuoteKind

    def body(resolve: Resolve) -> Body:
        name = base if ":" in base else resolve(base)
        return Quote(name, resolve(quote), QuoteKind.MANUAL, price, reason=reason)

    _enter(body, at=at, reason=reason, external_id=external_id)


def _enter(
    make: Callable[[Resolve], Body], *, at: datetime | None, reason: str, external_id: str | None
) -> None:
    """Record a body; its tickers mean what they mean at the instant of the entry."""
    from truenav.app.sources.context import parse_context
    from truenav.app.sources.entries import enter
    from truenav.core.asset import ANY_VENUE

    with desk() as here, here.transaction() as session:
        occurred_at = at or here.house.clock.now()
        assets = parse_context(session).assets
        recorded = enter(
            session,
            here.house,
            here.principal,
            make(lambda code: assets.resolve(ANY_VENUE, code, occurred_at)),
            occurred_at=occurred_at,
            reason=reason,
            external_id=external_id,
        )
    click.echo(recorded.fact.content_hash)
    say(f"Recorded by {here.principal.name or here.principal.user}.")


def _only(start: str, hashes: list[Sha256]) -> Sha256:
    if len(start) < 12:
        raise InvalidInputError(
            "Give at least 12 digits of the hash, as 'truenav manual item list' shows it."
        )
    found = [one for one in hashes if one.startswith(start)]
    if len(found) != 1:
        raise NotFoundError(f"{len(found) or 'No'} manual items in force have a hash that begins {start!r}.")
    return found[0]
