"""Delivery against payment: partial, late, doubled and bought-in deliveries; and events in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.calc.etp.baskets.samples import CONSTITUENTS, SHARE, closes, product
from tests.calc.etp.baskets.test_ap_orders import CUT_OFF, DESK, NOON, VALUE, listed

from truenav.calc.etp.baskets.ap_book import OrderBook, missing, totals
from truenav.calc.etp.baskets.ap_delivery import (
    buy_in,
    charge_lateness,
    fail,
    instruct,
    see,
    settle,
    true_up,
)
from truenav.calc.etp.baskets.ap_orders import accept, cancel, price, receive, validate
from truenav.calc.etp.baskets.basket import cash_part
from truenav.core.ap_orders import (
    ApOrder,
    ApOrderConflictError,
    ApOrderStateError,
    BoughtIn,
    DeliverySeen,
    FailFeeCharged,
    OrderFact,
    OrderFailed,
    OrderKey,
    OrderReceived,
    OrderSettled,
    OrderState,
    OrderValidated,
    TruedUp,
)
from truenav.core.asset import BTC, USD
from truenav.core.basket import BasketInputError, BasketProduct, FailTerms, Side, Substitution
from truenav.core.canonical import decode, encode
from truenav.core.money import Amount

D = Decimal
ISSUE = product(fail=FailTerms(D("0.001"), buy_in_after_days=2))
DUE = CUT_OFF + timedelta(days=1)
LATER = DUE + timedelta(hours=1)
PRICES = {**closes("close"), SHARE: VALUE / 10_000}
DAY = timedelta(days=1)
ORDER = ApOrder("trio", "desk", "a-1", Side.CREATE, 1)
REDEEM = replace(ORDER, client_id="a-2", side=Side.REDEEM)


def pending(*orders: ApOrder, issue: BasketProduct = ISSUE, shares: int = 50_000) -> OrderBook:
    book = OrderBook.opening(shares)
    for order in orders:
        key, today = order.key, listed(issue)
        book = book.applied(receive(book, order, NOON))
        book = book.applied([validate(book, key, NOON, product=issue, participant=DESK)])
        book = book.applied([accept(book, key, NOON, today)])
        book = book.applied(
            [price(book, key, CUT_OFF, product=issue, listed=today, prices=closes("close"), value=VALUE)]
        )
        book = book.applied([instruct(book, key, CUT_OFF, issue)])
    return book


def delivered(book: OrderBook, order: ApOrder, *amounts: Amount) -> OrderBook:
    for amount in amounts or missing(book.status(order.key)):
        reference = f"tx-{len(book.references)}"
        book = book.applied(see(book, DeliverySeen(order.key, CUT_OFF, amount, reference)))
    return book


def test_delivery_is_due_at_the_cut_off_of_the_settlement_day():
    assert pending(ORDER).status(ORDER.key).due_at == DUE


def test_a_full_delivery_settles_and_creates_the_shares():
    book = delivered(pending(ORDER), ORDER)
    fact = settle(book, ORDER.key, DUE)
    assert fact == OrderSettled(ORDER.key, DUE, (Amount(D(10_000), SHARE),))
    after = book.applied([fact])
    assert after.shares_outstanding == 60_000
    assert after.status(ORDER.key).state is OrderState.SETTLED


def test_a_redemption_gives_the_assets_for_the_shares():
    book = delivered(pending(REDEEM), REDEEM)
    fact = settle(book, REDEEM.key, DUE)
    assert {one.asset for one in fact.released} == {*closes(), USD}
    assert book.applied([fact]).shares_outstanding == 40_000


def test_a_partial_delivery_does_not_settle_and_says_what_is_missing():
    book = delivered(pending(ORDER), ORDER, *missing(pending(ORDER).status(ORDER.key))[1:])
    with pytest.raises(ApOrderStateError, match=f"3.99718208 {BTC} are still to come"):
        settle(book, ORDER.key, DUE)


def test_one_satoshi_short_is_short():
    whole = missing(pending(ORDER).status(ORDER.key))
    short = (replace(whole[0], number=whole[0].number - D("1e-8")), *whole[1:])
    with pytest.raises(ApOrderStateError, match=r"0\.00000001"):
        settle(delivered(pending(ORDER), ORDER, *short), ORDER.key, DUE)


def test_what_came_in_excess_goes_back():
    book = delivered(delivered(pending(ORDER), ORDER), ORDER, Amount(D(1), BTC))
    assert settle(book, ORDER.key, DUE).excess == (Amount(D(1), BTC),)


def test_nothing_settles_twice():
    book = delivered(pending(ORDER), ORDER)
    fact = settle(book, ORDER.key, DUE)
    after = book.applied([fact])
    with pytest.raises(ApOrderStateError, match="is settled"):
        settle(after, ORDER.key, DUE)
    with pytest.raises(ApOrderStateError, match="is settled"):
        after.applied([fact])


def test_a_transfer_counts_once():
    book = pending(ORDER)
    delivery = DeliverySeen(ORDER.key, CUT_OFF, Amount(D(1), BTC), "tx")
    after = book.applied(see(book, delivery))
    assert see(after, replace(delivery, at=LATER)) == ()
    with pytest.raises(ApOrderConflictError, match="counted"):
        see(after, replace(delivery, amount=Amount(D(2), BTC)))
    with pytest.raises(ApOrderStateError, match="counted before"):
        after.applied([delivery])


def test_one_transfer_cannot_settle_two_orders():
    other = replace(ORDER, client_id="b")
    book = pending(ORDER, other)
    delivery = DeliverySeen(ORDER.key, CUT_OFF, Amount(D(1), BTC), "tx")
    book = book.applied(see(book, delivery))
    with pytest.raises(ApOrderConflictError, match="'a-1' of desk"):
        see(book, replace(delivery, key=other.key))


def test_a_delivery_of_nothing_is_refused():
    with pytest.raises(BasketInputError):
        see(pending(ORDER), DeliverySeen(ORDER.key, CUT_OFF, Amount(D(0), BTC), "tx"))


def test_lateness_is_charged_once_a_day_on_what_is_missing():
    book = delivered(pending(ORDER), ORDER, *missing(pending(ORDER).status(ORDER.key))[1:])
    assert charge_lateness(book, ORDER.key, DUE, product=ISSUE, prices=PRICES) == ()
    first = charge_lateness(book, ORDER.key, LATER, product=ISSUE, prices=PRICES)
    fee = Amount(D("435.70"), USD)  # 0.1 % of 3.99718208 BTC at 109,000 is 435.6928..., rounded up
    assert [(one.late_day, one.amount) for one in first] == [(1, fee)]
    book = book.applied(first)
    assert charge_lateness(book, ORDER.key, DUE + DAY, product=ISSUE, prices=PRICES) == ()
    more = charge_lateness(book, ORDER.key, LATER + 2 * DAY, product=ISSUE, prices=PRICES)
    assert [one.late_day for one in more] == [2, 3]


def test_the_fail_fee_must_come_in_before_the_order_settles():
    book = pending(ORDER)
    whole = missing(book.status(ORDER.key))
    book = book.applied(charge_lateness(book, ORDER.key, LATER, product=ISSUE, prices=PRICES))
    book = delivered(book, ORDER, *whole)
    assert [one.asset for one in missing(book.status(ORDER.key))] == [USD]
    with pytest.raises(ApOrderStateError, match="still to come"):
        settle(book, ORDER.key, LATER)
    assert settle(delivered(book, ORDER), ORDER.key, LATER).excess == ()


def test_an_order_that_is_complete_or_final_is_not_late():
    book = delivered(pending(ORDER), ORDER)
    assert charge_lateness(book, ORDER.key, LATER, product=ISSUE, prices=PRICES) == ()
    book = pending(ORDER)
    book = book.applied([fail(book, ORDER.key, LATER, "gone")])
    assert charge_lateness(book, ORDER.key, LATER, product=ISSUE, prices=PRICES) == ()


def test_without_a_price_lateness_is_not_guessed():
    with pytest.raises(BasketInputError, match="price"):
        charge_lateness(pending(ORDER), ORDER.key, LATER, product=ISSUE, prices={})


def bought(number: str, at: Any = LATER + 2 * DAY, reference: str = "trade-1") -> BoughtIn:
    return BoughtIn(ORDER.key, at, Amount(D(number), BTC), Amount(D("450000.00"), USD), reference)


def test_a_buy_in_turns_missing_assets_into_money():
    book = pending(ORDER)
    book = book.applied(buy_in(book, bought("3.99718208"), ISSUE))
    rest = {one.asset: one.number for one in missing(book.status(ORDER.key))}
    assert BTC not in rest
    assert rest[USD] == D("450125.00")
    assert buy_in(book, bought("3.99718208"), ISSUE) == ()
    assert settle(delivered(book, ORDER), ORDER.key, LATER + 3 * DAY).excess == ()


def test_what_arrives_after_the_buy_in_goes_back():
    book = pending(ORDER)
    book = book.applied(buy_in(book, bought("3.99718208"), ISSUE))
    book = delivered(delivered(book, ORDER, Amount(D("3.99718208"), BTC)), ORDER)
    assert settle(book, ORDER.key, LATER + 3 * DAY).excess == (Amount(D("3.99718208"), BTC),)


@pytest.mark.parametrize(
    ("trade", "told"),
    [
        (bought("1", at=DUE + 2 * DAY - timedelta(microseconds=1)), "2 days"),
        (bought("4"), "Only 3.99718208"),
        (bought("0"), "Only"),
    ],
    ids=["too early", "more than is missing", "nothing"],
)
def test_a_buy_in_that_may_not_be(trade, told):
    with pytest.raises(ApOrderStateError, match=told):
        buy_in(pending(ORDER), trade, ISSUE)


def test_a_buy_in_may_be_from_its_day_on():
    trade = bought("1", at=DUE + 2 * DAY)
    assert buy_in(pending(ORDER), trade, ISSUE) == (trade,)


def test_a_trade_counts_once_as_a_buy_in():
    book = pending(ORDER)
    book = book.applied(buy_in(book, bought("1"), ISSUE))
    with pytest.raises(ApOrderConflictError):
        buy_in(book, bought("2"), ISSUE)


def test_an_overdue_order_fails_and_gives_everything_back():
    book = delivered(pending(ORDER), ORDER, Amount(D(1), BTC))
    with pytest.raises(ApOrderStateError, match="not overdue"):
        fail(book, ORDER.key, DUE, "no ether came")
    fact = fail(book, ORDER.key, LATER, "no ether came")
    assert fact.returned == (Amount(D(1), BTC),)
    after = book.applied([fact])
    assert after.shares_outstanding == 50_000
    with pytest.raises(ApOrderStateError, match="is failed"):
        settle(delivered(after, ORDER), ORDER.key, LATER)


def test_what_stood_for_an_asset_is_trued_up_once_in_the_right_direction():
    at_cost = product(
        constituents=(
            replace(CONSTITUENTS[0], substitution=Substitution.AT_COST, creation_premium=D("0.02")),
            *CONSTITUENTS[1:],
        )
    )
    for order, realised, owed in ((ORDER, "436000", "-8406.70"), (REDEEM, "435000", "692.85")):
        # 3.99718208 BTC at 109,000 are 435,692.84672; with the premium 444,406.7036544
        book = delivered(pending(order, issue=at_cost), order)
        with pytest.raises(ApOrderStateError, match="is delivery_pending"):
            true_up(book, order.key, LATER, asset=BTC, realised=D(realised), product=at_cost)
        book = book.applied([settle(book, order.key, DUE)])
        fact = true_up(book, order.key, LATER, asset=BTC, realised=D(realised), product=at_cost)
        assert fact.amount == Amount(D(owed), USD)
        with pytest.raises(ApOrderStateError, match="left to true up"):
            true_up(book.applied([fact]), order.key, LATER, asset=BTC, realised=D(1), product=at_cost)


def test_a_trade_did_not_cost_or_bring_less_than_nothing():
    """A sign in the wrong place would pay the participant all of its cash back."""
    at_cost = product(
        constituents=(replace(CONSTITUENTS[0], substitution=Substitution.AT_COST), *CONSTITUENTS[1:])
    )
    book = delivered(pending(ORDER, issue=at_cost), ORDER)
    book = book.applied([settle(book, ORDER.key, DUE)])
    with pytest.raises(BasketInputError, match="below zero"):
        true_up(book, ORDER.key, LATER, asset=BTC, realised=D(-436000), product=at_cost)


realised_amounts = st.lists(
    st.decimals(min_value=0, max_value=10**6, places=8),
    min_size=len(CONSTITUENTS),
    max_size=len(CONSTITUENTS),
)


@given(st.sampled_from([ORDER, REDEEM]), realised_amounts, st.decimals("0", "0.5", places=4))
@settings(max_examples=40)
def test_after_all_true_ups_the_participant_bore_what_the_trades_came_to(order, realised, premium):
    """Whatever premium or discount was taken first: cash difference and trades are all that is left."""
    at_cost = product(
        constituents=tuple(
            replace(
                one,
                substitution=Substitution.AT_COST,
                creation_premium=premium,
                redemption_discount=premium,
            )
            for one in CONSTITUENTS
        )
    )
    book = delivered(pending(order, issue=at_cost), order)
    book = book.applied([settle(book, order.key, DUE)])
    priced = book.status(order.key).priced
    assert priced is not None
    paid = _money(priced.due_in) - _money(priced.due_out)
    for one, came_to in zip(CONSTITUENTS, realised, strict=True):
        fact = true_up(book, order.key, LATER, asset=one.asset, realised=came_to, product=at_cost)
        book, paid = book.applied([fact]), paid + Fraction(fact.amount.number)
    traded = sum(map(Fraction, realised), Fraction(cash_part(VALUE, listed(at_cost).lines, closes("close"))))
    sign = 1 if order.side is Side.CREATE else -1
    assert 0 <= paid - sign * traded < Fraction(1 + len(CONSTITUENTS), 100)


def _money(some: tuple[Amount, ...]) -> Fraction:
    return sum((Fraction(one.number) for one in some if one.asset == USD), Fraction(0))


NEXT = {
    OrderState.VALIDATED: "accept",
    OrderState.ACCEPTED: "price",
    OrderState.PRICED: "instruct",
    OrderState.DELIVERY_PENDING: "settle",
}


def test_the_book_takes_no_fact_that_breaks_its_rules_whoever_made_it():
    book = pending(ORDER)
    with pytest.raises(ApOrderStateError, match="before all that is due"):
        book.applied([OrderSettled(ORDER.key, DUE, ())])
    with pytest.raises(ApOrderStateError, match="next to be charged"):
        book.applied([FailFeeCharged(ORDER.key, LATER, 2, Amount(D(1), USD))])
    settled = delivered(book, ORDER)
    settled = settled.applied([settle(settled, ORDER.key, DUE)])
    trued = TruedUp(ORDER.key, LATER, BTC, Amount(D(1), USD))
    with pytest.raises(ApOrderStateError, match="trued up"):
        settled.applied([trued, trued])


class Orders(RuleBasedStateMachine):
    """Any commands at any time: what is refused changes nothing, and the book always adds up."""

    def __init__(self) -> None:
        super().__init__()
        self.book = OrderBook.opening()
        self.facts: list[OrderFact] = []
        self.now = NOON
        self.keys: list[OrderKey] = []

    @initialize(shares=st.integers(0, 5))
    def open(self, shares: int) -> None:
        self.start = shares * 10_000
        self.book = OrderBook.opening(self.start)

    def record(self, *facts: OrderFact) -> None:
        self.book = self.book.applied(facts)
        self.facts.extend(facts)

    def attempt(self, command: Any, *arguments: Any, **options: Any) -> None:
        try:
            made = command(self.book, *arguments, **options)
        except (ApOrderStateError, ApOrderConflictError):
            return
        self.record(*(made if isinstance(made, tuple) else (made,)))

    @rule(name=st.integers(0, 4), side=st.sampled_from(Side), units=st.sampled_from([1, 2, 3, 0]))
    def order(self, name: int, side: Side, units: int) -> None:
        order = ApOrder("trio", "desk", f"o-{name}", side, units)
        if order.key not in self.keys:
            self.keys.append(order.key)
        self.attempt(receive, order, self.now)
        if self.book.status(order.key).state is OrderState.RECEIVED:
            self.attempt(validate, order.key, self.now, product=ISSUE, participant=DESK)

    @rule(minutes=st.integers(1, 2_000))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), what=st.sampled_from(["accept", "cancel", "price", "instruct", "settle", "fail"]))
    def move(self, data: st.DataObject, what: str) -> None:
        self.step(data.draw(st.sampled_from(self.keys)), what)

    def step(self, key: OrderKey, what: str) -> None:
        status = self.book.status(key)
        day = status.validated.dealing_day if status.validated else None
        today = replace(listed(ISSUE), trade_day=day) if day else listed(ISSUE)
        if what == "accept":
            self.attempt(accept, key, self.now, today)
        elif what == "cancel":
            self.attempt(cancel, key, self.now)
        elif what == "price":
            self.attempt(
                price, key, self.now, product=ISSUE, listed=today, prices=closes("close"), value=VALUE
            )
        elif what == "instruct":
            self.attempt(instruct, key, self.now, ISSUE)
        elif what == "settle":
            self.attempt(settle, key, self.now)
        else:
            self.attempt(fail, key, self.now, "too late")

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), steps=st.integers(1, 5))
    def advance(self, data: st.DataObject, steps: int) -> None:
        key = data.draw(st.sampled_from(self.keys))
        for _ in range(steps):
            state = self.book.status(key).state
            if state is OrderState.DELIVERY_PENDING:
                for n, one in enumerate(missing(self.book.status(key))):
                    reference = f"all-{len(self.book.references)}-{n}"
                    self.attempt(see, DeliverySeen(key, self.now, one, reference))
            if state in NEXT:
                if state is OrderState.ACCEPTED:
                    self.now += timedelta(days=4)
                self.step(key, NEXT[state])

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), share=st.sampled_from([D("0.5"), D(1), D(2)]), reference=st.integers(0, 30))
    def deliver(self, data: st.DataObject, share: Decimal, reference: int) -> None:
        key = data.draw(st.sampled_from(self.keys))
        for n, one in enumerate(missing(self.book.status(key))):
            amount = Amount(one.number * share, one.asset)
            self.attempt(see, DeliverySeen(key, self.now, amount, f"tx-{reference}-{n}"))

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def be_late(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.keys))
        self.attempt(charge_lateness, key, self.now, product=ISSUE, prices=PRICES)

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), number=st.integers(1, 3))
    def buy(self, data: st.DataObject, number: int) -> None:
        key = data.draw(st.sampled_from(self.keys))
        cost = Amount(D(number) * 110_000, USD)
        reference = f"buy-{len(self.book.references)}"
        self.attempt(buy_in, BoughtIn(key, self.now, Amount(D(number), BTC), cost, reference), ISSUE)

    @invariant()
    def shares_are_settled_creations_less_redemptions(self) -> None:
        sides = {fact.order.key: fact.order for fact in self.facts if isinstance(fact, OrderReceived)}
        settled = [fact.key for fact in self.facts if isinstance(fact, OrderSettled)]
        assert len(settled) == len(set(settled))
        change = sum(
            (1 if sides[key].side is Side.CREATE else -1) * sides[key].units * 10_000 for key in settled
        )
        assert self.book.shares_outstanding == self.start + change
        assert self.book.shares_outstanding >= 0

    @invariant()
    def the_facts_alone_give_the_book(self) -> None:
        assert OrderBook.opening(getattr(self, "start", 0)).applied(self.facts) == self.book

    @invariant()
    def what_settled_was_paid_for(self) -> None:
        for status in self.book.orders.values():
            if status.state is OrderState.SETTLED:
                assert missing(status) == ()

    @invariant()
    def whatever_came_in_is_owed_or_goes_back(self) -> None:
        for fact in self.facts:
            if isinstance(fact, OrderSettled):
                status = self.book.status(fact.key)
                owed, seen, back = totals(status.due_in), totals(status.seen), totals(fact.excess)
                assert all(
                    number == owed.get(asset, 0) + back.get(asset, 0) for asset, number in seen.items()
                )
            if isinstance(fact, OrderFailed):
                assert totals(fact.returned) == totals(self.book.status(fact.key).seen)

    def teardown(self) -> None:
        """Facts are stored as canonical text, and come back equal."""
        assert [decode(OrderFact, encode(fact)) for fact in self.facts] == self.facts  # type: ignore[arg-type]

    @invariant()
    def no_day_deals_an_order_that_came_after_its_cut_off(self) -> None:
        came = {fact.order.key: fact.at for fact in self.facts if isinstance(fact, OrderReceived)}
        for fact in self.facts:
            if isinstance(fact, OrderValidated):
                assert came[fact.key] < fact.cut_off_at


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)


def test_the_machine_reaches_a_settlement_when_everything_goes_well():
    machine = Orders()
    machine.open(0)
    machine.order(0, Side.CREATE, 2)
    key = machine.keys[0]
    machine.attempt(accept, key, machine.now, listed(ISSUE))
    machine.wait(600)
    machine.attempt(
        price, key, machine.now, product=ISSUE, listed=listed(ISSUE), prices=closes("close"), value=VALUE
    )
    machine.attempt(instruct, key, machine.now, ISSUE)
    machine.book = delivered(machine.book, replace(ORDER, client_id="o-0", units=2))
    machine.attempt(settle, key, machine.now)
    assert machine.book.status(key).state is OrderState.SETTLED
    assert machine.book.shares_outstanding == 20_000
