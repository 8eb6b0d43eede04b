"""The demo's product that holds assets: two lists, and a creation that is settled between them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from truenav.cli.common import say
from truenav.core.clock import instant_text
from truenav.core.money import exact, rounded, to_text

if TYPE_CHECKING:
    from truenav.access.policy import Principal
    from truenav.app.baskets.orders import OrderDesk, OrderView
    from truenav.cli.demo_fund import Demo
    from truenav.core.basket import BasketListing
    from truenav.store.database import Session

UNTIL_CUT_OFF = timedelta(seconds=6)
"""Time for the first list and the order; the demo's first dealing day ends then."""


class BasketDemo:
    """A product on bitcoin and ether, from its definition to a settled creation."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._house = demo.house
        self._plan: dict[str, Any] = json.loads((demo.folder / "basket.json").read_text("utf-8"))

    def show(self) -> None:
        """Everything, once: what was set up by an earlier demo stays as it is."""
        with self._demo.steps.step("Basket product: a list of the day, a creation until it is settled"):
            if self._is_there():
                say("   set up already")
                return
            begins = self._house.clock.now()
            listing = self._define(begins)
            self._state(begins, {})
            listed = self._publish(listing)
            self._quote_share(listed.document.listed.nav_per_share)
            order = self._enter(listing)
            cut_off = begins + UNTIL_CUT_OFF
            if order.cut_off_at != cut_off:
                say(f"   order {order.order.client_id}: after the cut-off, deals on {order.dealing_day}")
                return
            self._act(self._demo.max, listing, lambda at: at.accept(order.number))
            time.sleep(max(0.0, (cut_off - self._house.clock.now()).total_seconds() + 0.1))
            self._publish(listing)
            self._settle(listing, order.number)

    def _is_there(self) -> bool:
        from truenav.app.baskets.catalogues import BASKETS

        with self._house.database.transaction(self._demo.tenant) as session:
            return any(
                one.id == self._plan["listing"]["id"] for one in BASKETS.list_all(session, self._demo.max)
            )

    def _define(self, begins: datetime) -> BasketListing:
        """The product with its account, node, policies and participant; its first dealing day ends soon."""
        from truenav.app.baskets.catalogues import BASKETS, PARTICIPANTS
        from truenav.app.portfolio.catalogues import NODES, RULES
        from truenav.app.pricing.catalogues import NAV_POLICIES
        from truenav.app.sources.catalogues import ACCOUNTS, ASSETS

        plan, ensure = self._plan, self._demo.ensure
        for catalogue, name in (
            (ACCOUNTS, "account"),
            (NODES, "node"),
            (RULES, "rule"),
            (NAV_POLICIES, "nav_policy"),
            (ASSETS, "share"),
            (PARTICIPANTS, "participant"),
        ):
            ensure(catalogue, [plan[name]])
        product = {**plan["listing"]["product"], "terms": self._terms(begins)}
        body = {**plan["listing"], "product": product}
        ensure(BASKETS, [body])
        return BASKETS.parse(body)

    def _terms(self, begins: datetime) -> list[dict[str, Any]]:
        """Today's cut-off comes in seconds, told where it is noon; tomorrow's is the usual one."""
        hours = 12 - begins.hour
        there = begins + timedelta(hours=hours) + UNTIL_CUT_OFF
        constituents = [
            {**one, "asset": self._assets()[one["asset"]]} for one in self._plan["terms"]["constituents"]
        ]
        terms = {**self._plan["terms"], "constituents": constituents}
        zone = f"{'-' if hours < 0 else '+'}{abs(hours):02}:00"
        day = begins.date()
        first = {"since": _text(day - timedelta(days=7)), "cut_off": f"{there:%H:%M:%S.%f}", "zone": zone}
        return [{**terms, **first}, {**terms, **self._plan["later"], "since": _text(day + timedelta(days=1))}]

    def _assets(self) -> Mapping[str, str]:
        from truenav.core.asset import BUILTIN_ASSETS

        return {one.symbol: one.id for one in BUILTIN_ASSETS}

    def _state(self, at: datetime, arrived: Mapping[str, Decimal]) -> None:
        """The vault's balances as its custodian states them, with what arrived."""
        lines = ["account,as_of,asset,amount"]
        ids = self._assets()
        for symbol, number in self._plan["balances"].items():
            total = Decimal(number) + arrived.get(ids[symbol], Decimal(0))
            lines.append(f"{self._plan['account']['id']},{instant_text(at)},{ids[symbol]},{to_text(total)}")
        self._demo.import_file("vault-balances.csv", _csv(lines))

    def _publish(self, listing: BasketListing) -> Any:
        """Fay makes the list of the next dealing day, Max checks it, and Fay publishes it."""
        from truenav.app.baskets import lists

        demo = self._demo
        with self._house.database.transaction(demo.tenant) as session:
            made = lists.make_list(session, self._house, demo.fay, listing)
        listed = made.document.listed
        with self._house.database.transaction(demo.tenant) as session:
            lists.approve_list(
                session, self._house, demo.max, listing.id, listed.trade_day, document_sha=made.document_sha
            )
            lists.publish_list(session, self._house, demo.fay, listing.id, listed.trade_day)
        say(
            f"   list of {listed.trade_day}: {listed.unit_value} {listed.quote} a unit, checked and published"
        )
        return made

    def _quote_share(self, nav_per_share: Decimal) -> None:
        """A last price of the share, at a small premium."""
        with exact():
            price = rounded(nav_per_share * Decimal(self._plan["premium"]), 4)
        line = f"{instant_text(self._house.clock.now())},{self._plan['share']['id']},USD,{to_text(price)}"
        self._demo.import_file("share-price.csv", _csv(["at,base,quote,price", line]))

    def _enter(self, listing: BasketListing) -> OrderView:
        from truenav.core.ap_orders import ApOrder
        from truenav.core.basket import Side

        plan = self._plan["order"]
        participant = self._plan["participant"]["id"]
        order = ApOrder(listing.id, participant, plan["client_id"], Side.CREATE, plan["units"])
        return self._act(self._demo.fay, listing, lambda at: at.receive(order))

    def _settle(self, listing: BasketListing, number: int) -> None:
        """Priced at the close, delivered, seen in the record, and settled by a second person."""
        fay, account = self._demo.fay, self._plan["account"]["id"]
        priced = self._act(fay, listing, lambda at: at.price(number))
        self._act(fay, listing, lambda at: at.instruct(number))
        now = self._house.clock.now()
        lines = ["account,external_id,occurred_at,direction,asset,amount"]
        for place, one in enumerate(priced.due_in, 1):
            name = f"{priced.order.client_id}-{place}"
            lines.append(f"{account},{name},{instant_text(now)},in,{one.asset},{to_text(one.number)}")
        self._demo.import_file("vault-transfers.csv", _csv(lines))
        self._state(now, {one.asset: one.number for one in priced.due_in})
        with self._house.database.transaction(self._demo.tenant) as session:
            desk = self._desk(session, fay, listing)
            for seen in desk.transfers(number):
                desk.deliver(number, reference=seen.reference)
        done = self._act(self._demo.max, listing, lambda at: at.settle(number))
        say(f"   order {done.order.client_id}: {done.state.value}, {done.shares} new shares")

    def _act(self, who: Principal, listing: BasketListing, step: Any) -> OrderView:
        with self._house.database.transaction(self._demo.tenant) as session:
            view: OrderView = step(self._desk(session, who, listing))
        return view

    def _desk(self, session: Session, who: Principal, listing: BasketListing) -> OrderDesk:
        from truenav.app.baskets.orders import OrderDesk

        return OrderDesk(session, self._house, who, listing)


def _text(day: date) -> str:
    return day.isoformat()


def _csv(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()
