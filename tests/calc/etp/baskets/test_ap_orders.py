"""Orders of authorised participants from their arrival to the amounts, and every reason to refuse one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.calc.etp.baskets.samples import CONSTITUENTS, DAY, WORKED, closes, holdings, product

from truenav.calc.etp.baskets.ap_book import OrderBook
from truenav.calc.etp.baskets.ap_orders import accept, cancel, price, receive, reject, validate
from truenav.calc.etp.baskets.basket import creation_list
from truenav.core.ap_orders import (
    ApOrder,
    ApOrderConflictError,
    ApOrderStateError,
    OrderAccepted,
    OrderRejected,
    OrderState,
    OrderValidated,
)
from truenav.core.asset import BTC, ETH
from truenav.core.basket import (
    AuthorisedParticipant,
    BasketInputError,
    BasketProduct,
    CreationList,
    Side,
    Substitution,
)
from truenav.core.canonical import canonical_json, sha256_hex

D = Decimal
NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
CUT_OFF = datetime(2026, 11, 24, 21, tzinfo=UTC)
VALUE = D(WORKED["close_of_the_day"]["unit_value"])
ISSUE = product()
DESK = AuthorisedParticipant("desk", "Desk")
ORDER = ApOrder("trio", "desk", "a-1", Side.CREATE, 2)


def listed(issue: BasketProduct = ISSUE, **flags: bool) -> CreationList:
    made = creation_list(issue, DAY, holdings(), closes(), **flags)
    assert isinstance(made, CreationList)
    return made


def received(*orders: ApOrder, at: datetime = NOON, shares: int = 0) -> OrderBook:
    book = OrderBook.opening(shares)
    for order in orders:
        book = book.applied(receive(book, order, at))
    return book


def validated(
    *orders: ApOrder, issue: BasketProduct = ISSUE, at: datetime = NOON, shares: int = 0
) -> OrderBook:
    book = received(*orders, at=at, shares=shares)
    for order in orders:
        book = book.applied([validate(book, order.key, at, product=issue, participant=DESK)])
    return book


def reasons(order: ApOrder, book: OrderBook | None = None, **given: object) -> str:
    book = received(order) if book is None else book.applied(receive(book, order, NOON))
    options = {"product": ISSUE, "participant": DESK, **given}
    fact = validate(book, order.key, NOON, **options)  # type: ignore[arg-type]
    assert isinstance(fact, OrderRejected), fact
    assert book.applied([fact]).status(order.key).state is OrderState.REJECTED
    return " ".join(fact.reasons)


def test_an_order_gets_its_day_its_settlement_and_its_cut_off():
    book = received(ORDER)
    fact = validate(book, ORDER.key, NOON, product=ISSUE, participant=DESK)
    assert fact == OrderValidated(ORDER.key, NOON, DAY, date(2026, 11, 25), CUT_OFF)


def test_the_instant_of_arrival_decides_however_late_it_is_validated():
    book = received(ORDER, at=CUT_OFF - timedelta(microseconds=1))
    fact = validate(book, ORDER.key, CUT_OFF + timedelta(hours=5), product=ISSUE, participant=DESK)
    assert isinstance(fact, OrderValidated)
    assert fact.dealing_day == DAY
    late = received(ORDER, at=CUT_OFF)
    fact = validate(late, ORDER.key, CUT_OFF, product=ISSUE, participant=DESK)
    assert isinstance(fact, OrderValidated)
    assert fact.dealing_day == date(2026, 11, 25)


def test_the_same_order_twice_is_received_once():
    book = received(ORDER)
    assert receive(book, ORDER, NOON + timedelta(minutes=1)) == ()


@pytest.mark.parametrize(
    "other",
    [replace(ORDER, units=3), replace(ORDER, side=Side.REDEEM), replace(ORDER, cash_for=frozenset({BTC}))],
    ids=["units", "side", "cash"],
)
def test_the_same_id_with_other_content_is_a_conflict(other):
    with pytest.raises(ApOrderConflictError, match="other content"):
        receive(received(ORDER), other, NOON)


def test_two_participants_may_use_the_same_id():
    book = received(ORDER)
    assert len(receive(book, replace(ORDER, participant="other"), NOON)) == 1


def test_a_fact_of_receipt_is_applied_once():
    book = OrderBook.opening()
    facts = receive(book, ORDER, NOON)
    with pytest.raises(ApOrderStateError, match="received before"):
        book.applied([*facts, *facts])


def test_an_unknown_order_has_no_status():
    with pytest.raises(ApOrderStateError, match="not known"):
        OrderBook.opening().status(ORDER.key)


# Reasons to reject.


def test_a_halt_rejects():
    assert "halted" in reasons(ORDER, halted=True)


@pytest.mark.parametrize("units", [0, -1])
def test_less_than_one_creation_unit_is_rejected(units):
    assert "whole creation unit" in reasons(replace(ORDER, units=units))


def test_who_is_not_authorised_or_not_active_is_rejected():
    assert "not an authorised participant" in reasons(ORDER, participant=None)
    assert "not an authorised participant" in reasons(ORDER, participant=replace(DESK, id="other"))
    assert "not active" in reasons(ORDER, participant=replace(DESK, active=False))


def test_an_asset_that_the_participant_may_not_touch_is_rejected_unless_cash_stands_for_it():
    no_ether = replace(DESK, assets=frozenset({one.asset for one in CONSTITUENTS} - {ETH}))
    assert f"may not deliver or receive {ETH}" in reasons(ORDER, participant=no_ether)
    allowed = product(
        constituents=(
            CONSTITUENTS[0],
            replace(CONSTITUENTS[1], substitution=Substitution.ALLOWED),
            CONSTITUENTS[2],
        )
    )
    by_cash = replace(ORDER, cash_for=frozenset({ETH}))
    fact = validate(received(by_cash), by_cash.key, NOON, product=allowed, participant=no_ether)
    assert isinstance(fact, OrderValidated)


def test_cash_where_the_terms_forbid_it_is_rejected():
    assert f"in place of {BTC}" in reasons(replace(ORDER, cash_for=frozenset({BTC})))


def test_limits_of_the_order_and_of_the_participant():
    assert "limit for an order is 1" in reasons(ORDER, product=product(order_limit=1))
    assert "an order of desk is 1" in reasons(ORDER, participant=replace(DESK, order_limit=1))


def test_the_daily_cap_counts_what_was_validated_of_the_same_side_and_day():
    capped = product(daily_limit=5)
    first, second = (replace(ORDER, client_id=f"b-{n}", units=3) for n in range(2))
    book = validated(first, issue=capped)
    assert "of which 2 are left" in reasons(second, book, product=capped)
    redeem = replace(second, side=Side.REDEEM)
    book = replace(book, shares_outstanding=10**6).applied(receive(book, redeem, NOON))
    fact = validate(book, redeem.key, NOON, product=capped, participant=DESK)
    assert isinstance(fact, OrderValidated)


def test_of_a_limit_that_was_lowered_meanwhile_nothing_is_left():
    first, second = (replace(ORDER, client_id=f"f-{n}", units=3) for n in range(2))
    assert "of which 0 are left" in reasons(second, validated(first), product=product(daily_limit=2))


def test_what_was_cancelled_frees_the_cap():
    capped = product(daily_limit=3)
    first, second = (replace(ORDER, client_id=f"c-{n}", units=3) for n in range(2))
    book = validated(first, issue=capped)
    book = book.applied([cancel(book, first.key, NOON)])
    book = book.applied(receive(book, second, NOON))
    assert isinstance(validate(book, second.key, NOON, product=capped, participant=DESK), OrderValidated)


def test_the_participants_daily_limit_counts_both_sides():
    limited = replace(DESK, daily_limit=3)
    book = validated(ORDER, shares=10**6)
    redeem = replace(ORDER, client_id="d", side=Side.REDEEM)
    assert "desk on 2026-11-24 is 3" in reasons(redeem, book, participant=limited)


def test_no_more_is_redeemed_than_there_is_less_what_is_pending():
    first, second = (replace(ORDER, client_id=f"e-{n}", side=Side.REDEEM) for n in range(2))
    book = validated(first, shares=35_000)
    assert "Only 15000 shares" in reasons(second, book)


def test_all_reasons_are_told_at_once():
    told = reasons(ORDER, participant=None, halted=True, product=product(order_limit=1))
    assert all(word in told for word in ("halted", "authorised", "limit"))


def test_an_order_for_another_product_is_not_judged_here():
    other = replace(ORDER, product="duo")
    with pytest.raises(BasketInputError, match="is for duo"):
        validate(received(other), other.key, NOON, product=ISSUE, participant=DESK)


# Acceptance.


def test_acceptance_needs_the_list_of_the_dealing_day():
    book = validated(ORDER)
    assert accept(book, ORDER.key, NOON, listed()) == OrderAccepted(ORDER.key, NOON)
    with pytest.raises(ApOrderStateError, match="deals by the list of trio on 2026-11-24"):
        accept(book, ORDER.key, NOON, replace(listed(), trade_day=date(2026, 11, 25)))
    with pytest.raises(ApOrderStateError, match="no dealing day"):
        accept(received(ORDER), ORDER.key, NOON, listed())


def test_a_list_that_is_closed_for_the_side_rejects():
    assert isinstance(accept(validated(ORDER), ORDER.key, NOON, listed(creation=False)), OrderRejected)
    assert isinstance(accept(validated(ORDER), ORDER.key, NOON, listed(redemption=False)), OrderAccepted)


def test_more_cash_by_choice_than_the_list_allows_rejects():
    rules = tuple(replace(one, substitution=Substitution.ALLOWED) for one in CONSTITUENTS)
    issue = product(constituents=rules, max_cash_ratio=D("0.5"))
    btc = replace(ORDER, cash_for=frozenset({BTC}))
    eth = replace(ORDER, client_id="f", cash_for=frozenset({ETH}))
    book = validated(btc, eth, issue=issue)
    assert isinstance(accept(book, btc.key, NOON, listed(issue)), OrderRejected)
    assert isinstance(accept(book, eth.key, NOON, listed(issue)), OrderAccepted)


def test_nothing_is_accepted_twice():
    book = validated(ORDER)
    book = book.applied([accept(book, ORDER.key, NOON, listed())])
    with pytest.raises(ApOrderStateError, match="is accepted"):
        accept(book, ORDER.key, NOON, listed())


def test_a_person_may_reject_with_a_reason_until_the_issuer_is_bound():
    for book in (received(ORDER), validated(ORDER)):
        fact = reject(book, ORDER.key, NOON, "The custodian is down.")
        assert book.applied([fact]).status(ORDER.key).state is OrderState.REJECTED
    with pytest.raises(BasketInputError, match="reason"):
        reject(validated(ORDER), ORDER.key, NOON, "  ")
    with pytest.raises(ApOrderStateError, match="is accepted"):
        reject(accepted(), ORDER.key, NOON, "Too late.")


# Cancellation.


def test_an_order_can_be_taken_back_until_the_cut_off_and_no_longer():
    book = validated(ORDER)
    last = CUT_OFF - timedelta(microseconds=1)
    assert book.applied([cancel(book, ORDER.key, last)]).status(ORDER.key).state is OrderState.CANCELLED
    with pytest.raises(ApOrderStateError, match="cut-off"):
        cancel(book, ORDER.key, CUT_OFF)


def test_what_was_cancelled_stays_so():
    book = validated(ORDER)
    book = book.applied([cancel(book, ORDER.key, NOON)])
    for again in (lambda: cancel(book, ORDER.key, NOON), lambda: accept(book, ORDER.key, NOON, listed())):
        with pytest.raises(ApOrderStateError, match="is cancelled"):
            again()


# Pricing.


def accepted() -> OrderBook:
    book = validated(ORDER)
    return book.applied([accept(book, ORDER.key, NOON, listed())])


def test_an_order_is_priced_by_its_list_after_the_cut_off():
    fact = price(
        accepted(),
        ORDER.key,
        CUT_OFF,
        product=ISSUE,
        listed=listed(),
        prices=closes("close"),
        value=VALUE,
    )
    assert fact.list_hash == sha256_hex(canonical_json(listed()))
    assert fact.shares == 20_000
    assert {one.asset for one in fact.due_in} >= {BTC, ETH}


def test_nothing_is_priced_before_the_cut_off():
    with pytest.raises(ApOrderStateError, match="before the cut-off"):
        price(
            accepted(),
            ORDER.key,
            CUT_OFF - timedelta(microseconds=1),
            product=ISSUE,
            listed=listed(),
            prices=closes("close"),
            value=VALUE,
        )


def test_an_order_that_was_not_accepted_is_not_priced():
    with pytest.raises(ApOrderStateError, match="is validated"):
        price(
            validated(ORDER),
            ORDER.key,
            CUT_OFF,
            product=ISSUE,
            listed=listed(),
            prices=closes("close"),
            value=VALUE,
        )
