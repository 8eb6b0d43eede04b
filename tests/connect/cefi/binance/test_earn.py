"""Simple Earn: what is subscribed counts once, and what moves there has both its sides."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

from truenav.core.asset import BTC, ETH, USDT
from truenav.core.clock import to_milliseconds
from truenav.core.facts import BalanceSnapshot, CashFlow, CashKind, Transfer
from truenav.core.money import Amount

from .conftest import body_of, stated
from .standin import NOTHING, NOW, QUIET, Venue

BASE = "/sapi/v1/simple-earn"


def test_products_of_one_coin_are_one_balance_of_which_the_locked_part_is_locked(read):
    parsed = read("earn.positions/1", "earn-positions-ours")
    (fact,) = parsed.facts
    assert {line.asset: (line.total, line.locked) for line in fact.body.lines} == {
        USDT: (Decimal("76000.46"), Decimal(1000)),
        BTC: (Decimal("1.25"), Decimal(0)),
        ETH: (Decimal("12.5"), Decimal("12.5")),
    }
    assert not parsed.problems
    documented = read("earn.positions/1", "earn-positions")
    totals = {line.asset: line.total for line in documented.facts[0].body.lines}
    assert totals == {USDT: Decimal("75.46"), "binance:AXS": Decimal("122.09202928")}
    assert "AXS" in {problem.subject for problem in documented.problems}  # part of it is being redeemed


def sides(parsed):
    return sorted((fact.body.wallet, fact.body.amount.number) for fact in parsed.facts)


def test_a_subscription_leaves_the_wallets_that_paid_it(read):
    expected = [("earn", 30), ("earn", 70), ("funding", -70), ("spot", -30)]
    assert sides(read("earn.subscribed/1", "earn-subscribed")) == expected
    assert sides(read("earn.lockedIn/1", "earn-locked-in")) == expected


def test_a_redemption_arrives_where_it_is_paid_to(read):
    redeemed = read("earn.redeemed/1", "earn-redeemed")
    assert sides(redeemed) == [("earn", Decimal("-10.54")), ("spot", Decimal("10.54"))]
    assert {fact.external_id for fact in redeemed.facts} == {
        "flexible:out:40607:from",
        "flexible:out:40607:to",
    }
    locked = read("earn.lockedOut/1", "earn-locked-out")
    assert sides(locked)[1] == ("spot", Decimal("21312.23223"))


def test_what_goes_from_a_locked_to_a_flexible_product_never_left(read):
    left = body_of("earn-locked-out").replace(b"MATURE", b"NEW_TRANSFERRED")
    came = body_of("earn-subscribed").replace(b"AUTO", b"CONVERT")
    assert stated("earn.lockedOut/1", left).facts == stated("earn.subscribed/1", came).facts == ()
    early = left.replace(b'"originalAmount": "21312.23223"', b'"originalAmount": "21313.23223"')
    (lost,) = stated("earn.lockedOut/1", early).facts
    assert (lost.body.wallet, lost.body.amount.number) == ("earn", Decimal(-1))


def test_only_what_stays_in_a_product_is_a_reward_of_it(read):
    (fact,) = read("earn.rewards/1", "earn-rewards").facts  # the bonus is one of spot's dividends
    body = CashFlow("earn", CashKind.REWARD, Amount(Decimal("0.00687654"), USDT))
    assert fact.body == body


def venue(more=()):
    """A spot wallet and one flexible product, which the spot wallet lists a receipt of."""
    at = to_milliseconds(NOW - timedelta(days=3))
    subscription = json.loads(body_of("earn-subscribed"))["rows"][0] | {"time": at, "sourceAccount": "SPOT"}
    subscription |= {"amtFromSpot": "100", "amtFromFunding": "0"}
    balances = [
        {"asset": "USDT", "free": "5", "locked": "0"},
        {"asset": "LDUSDT", "free": "100.5", "locked": "0"},
    ]

    def told(rows):
        def answer(params):
            span = range(int(params["startTime"]), int(params["endTime"]) + 1)
            found = [row for row in rows if row["time"] in span]
            return {"rows": found, "total": len(found)}

        return answer

    reward = {"asset": "USDT", "rewards": "0.5", "projectId": "USDT001", "type": "REALTIME", "time": at + 1}
    routes = {
        **QUIET,
        "/api/v3/account": {"balances": balances},
        f"{BASE}/flexible/position": {"rows": [{"asset": "USDT", "totalAmount": "100.5"}], "total": 1},
        f"{BASE}/locked/position": NOTHING,
        f"{BASE}/flexible/history/subscriptionRecord": told([subscription]),
        f"{BASE}/flexible/history/redemptionRecord": told([]),
        f"{BASE}/flexible/history/rewardsRecord": told([reward]),
        f"{BASE}/locked/history/subscriptionRecord": told([]),
        f"{BASE}/locked/history/redemptionRecord": told([]),
    }
    return Venue(routes | dict(more))


def test_a_receipt_in_the_spot_wallet_is_not_counted_beside_the_product():
    got = venue().gather("spot", "earn", since=NOW - timedelta(days=20))
    assert not got.failures
    assert not got.problems
    held = {fact.body.wallet: fact.body.lines for fact in got.facts if isinstance(fact.body, BalanceSnapshot)}
    assert [(line.asset, line.total) for line in held["spot"]] == [(USDT, Decimal(5))]
    assert [(line.asset, line.total) for line in held["earn"]] == [(USDT, Decimal("100.5"))]
    came = [fact.body.amount.number for fact in got.facts if isinstance(fact.body, Transfer | CashFlow)]
    assert sorted(came) == [Decimal(-100), Decimal("0.5"), Decimal(100)]
    without = venue().gather("spot", history=False)
    assert [problem.subject for problem in without.problems] == ["binance:LDUSDT"]


def test_positions_that_are_not_all_there_are_not_taken_and_the_receipt_is_told():
    short = {"rows": [{"asset": "USDT", "totalAmount": "100.5"}], "total": 2}
    got = venue({f"{BASE}/flexible/position": short}).gather("spot", "earn", history=False)
    assert [failure.message.partition(":")[0] for failure in got.failures] == ["earn.positions/1"]
    assert [problem.subject for problem in got.problems] == ["binance:LDUSDT"]


def test_no_position_is_believed_only_where_the_total_says_so():
    empty = {f"{BASE}/flexible/position": NOTHING}
    worth = json.loads(body_of("earn-account"))
    got = venue(empty | {f"{BASE}/account": worth}).gather("earn", history=False)
    assert (len(got.failures), got.facts) == (1, ())
    nothing = worth | {"totalAmountInBTC": "0.00000000"}
    got = venue(empty | {f"{BASE}/account": nothing}).gather("earn", history=False)
    assert [fact.body for fact in got.facts] == [BalanceSnapshot("earn", ())]


def test_a_full_page_that_is_all_there_is_ends_the_list():
    page = {"rows": [{"asset": "USDT", "totalAmount": "1"}] * 100, "total": 100}
    one = venue({f"{BASE}/flexible/position": page})
    assert not one.gather("earn", history=False).failures
    assert len([path for _, path, _ in one.asked if path == f"{BASE}/flexible/position"]) == 1
