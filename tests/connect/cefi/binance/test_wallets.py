"""Funding wallet, conversions, dividends, sub-accounts: each movement once, on the wallet that it moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.connect.errors import MalformedPayloadError
from truenav.core.asset import BTC, ETH, USDT
from truenav.core.clock import to_milliseconds
from truenav.core.facts import BalanceSnapshot, CashKind, TransferKind
from truenav.core.money import Amount

from .conftest import EMPTY, body_of, stated
from .standin import NOW, QUIET, Refused, Venue

OVERVIEW = "/sapi/v1/asset/wallet/balance"
FUNDING = "/sapi/v1/asset/get-funding-asset"


def by_id(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


def test_what_is_being_withdrawn_is_held_until_it_is_done(read):
    (fact,) = read("funding.account/1", "funding-account").facts
    assert {line.asset: (line.total, line.locked) for line in fact.body.lines} == {
        USDT: (Decimal("1850.75"), Decimal("350.5")),
        BTC: (Decimal("0.5"), Decimal(0)),
    }
    (paid,) = read("funding.withdrawals/1", "funding-withdrawals").facts
    assert (paid.body.wallet, paid.body.kind) == ("funding", TransferKind.EXTERNAL)
    assert paid.occurred_at == datetime(2026, 1, 1, 0, 20, 7, tzinfo=UTC)
    assert (paid.body.amount.number, paid.body.fee.number) == (Decimal("-250.5"), Decimal("-1.5"))


def test_a_deposit_belongs_to_the_one_wallet_that_it_reached(read):
    spot = by_id(read("wallet.deposits/1", "deposits"))
    funding = by_id(read("funding.deposits/1", "deposits"))
    assert not spot.keys() & funding.keys()
    assert [(one.wallet, one.amount) for one in funding.values()] == [("funding", Amount(Decimal(7), ETH))]


def test_the_funding_wallets_side_of_a_transfer_is_stated_here_and_futures_in_their_income(read):
    found = by_id(read("wallet.transfers/1", "transfers-funding"))
    assert {key: (one.wallet, one.amount.number, one.counterpart) for key, one in found.items()} == {
        "transfer:71": ("spot", Decimal(-600), "funding"),
        "transfer:71:funding": ("funding", Decimal(600), "spot"),
        "transfer:72:funding": ("funding", Decimal(-40), "usdm"),
    }


def test_an_empty_funding_wallet_is_one_that_is_worth_nothing():
    worth = {"balance": "0", "walletName": "Funding", "activate": True}
    venue = Venue({FUNDING: [], OVERVIEW: [worth]})
    got = venue.gather("funding", history=False)
    assert not got.failures
    assert [fact.body for fact in got.facts] == [BalanceSnapshot("funding", ())]
    assert [(method, path) for method, path, _ in venue.asked] == [("POST", FUNDING), ("GET", OVERVIEW)]
    assert [one.endpoint for one in got.evidence] == ["funding.account/1", "wallet.overview/1"]
    for lie in ([worth | {"balance": "0.004"}], []):
        got = Venue({FUNDING: [], OVERVIEW: lie}).gather("funding", history=False)
        assert (len(got.failures), got.facts) == (1, ())


def test_a_conversion_is_a_trade_to_the_last_digit(read):
    parsed = read("spot.converted/1", "spot-converted")
    (fact,) = parsed.facts
    (terms,) = parsed.instruments
    assert fact.body.instrument == terms.id == "binance-convert:USDT-BNB"
    assert (terms.base, terms.quote) == (USDT, "binance:BNB")
    assert (fact.body.quantity, fact.body.cost) == (
        Decimal(-20),
        Amount(Decimal("0.06154036"), "binance:BNB"),
    )
    assert fact.body.price == Decimal("0.003077018")
    assert parsed.problems  # BNB is not known here; it keeps the venue's name


def test_swept_balances_bring_what_is_left_after_the_charge(read):
    found = by_id(read("spot.dust/1", "spot-dust"))
    assert len(found) == 4
    swept = found["dust:4359321:ETH"]
    (fee,) = swept.fees
    assert (swept.quantity, fee.number) == (Decimal("-0.0009"), Decimal("-0.00001799"))
    assert swept.cost == Amount(Decimal("0.00088156"), "binance:BNB")


def test_dividends_are_rewards_of_the_spot_wallet(read):
    facts = read("spot.dividends/1", "spot-dividends").facts
    assert [(one.body.wallet, one.body.kind, one.body.amount.number) for one in facts] == [
        ("spot", CashKind.REWARD, Decimal(10))
    ] * 2
    assert len({one.external_id for one in facts}) == 2


def test_a_sub_account_states_its_own_side_where_no_ledger_does(read):
    found = by_id(read("sub.transfers/1", "sub-transfers"))
    assert [(one.wallet, one.amount, one.counterpart) for one in found.values()] == [
        ("spot", Amount(Decimal("1.5"), BTC), "master:master@test.com"),
        ("margin", Amount(Decimal(-2), ETH), "master:master@test.com"),
    ]


def test_a_master_states_the_sides_that_are_no_sub_accounts():
    body = body_of("sub-universal")
    with pytest.raises(MalformedPayloadError):
        stated("sub.universal/1", body)
    params = (("local:subaccounts", "sub1@test.com,sub2@test.com"),)
    found = by_id(stated("sub.universal/1", body, EMPTY, params=params))
    assert [(one.wallet, one.amount, one.counterpart) for one in found.values()] == [
        ("spot", Amount(Decimal("-1000.5"), USDT), "sub1@test.com"),
        ("margin", Amount(Decimal("0.25"), BTC), "sub1@test.com"),
    ]


def spot(more):
    """A spot wallet in which nothing happened but ``more``."""
    return Venue(QUIET | more)


def moved(path, one):
    """A list whose only rows are ``one``, found by their time as the venue finds them."""

    def answer(params):
        span = range(int(params["startTime"]), int(params["endTime"]) + 1)
        rows = [row for row in one if row["time"] in span and str(row["type"]) == params.get("type")]
        return rows[: int(params["limit"])]

    return {path: answer}


def test_a_key_that_may_not_list_sub_accounts_is_one_and_a_gathering_goes_on_where_it_ended():
    path = "/sapi/v1/sub-account/transfer/subUserHistory"
    at = to_milliseconds(NOW - timedelta(days=40))
    row = {"counterParty": "master", "email": "m@test.com", "type": 1, "asset": "BTC", "qty": "1.5"}
    row |= {"toAccountType": "SPOT", "status": "SUCCESS", "tranId": 5, "time": at}
    venue = spot({"/sapi/v1/sub-account/list": Refused(-12000), **moved(path, [row])})
    got = venue.gather("spot", since=NOW - timedelta(days=100))
    assert not got.failures
    (fact,) = [fact for fact in got.facts if fact.kind == "transfer"]
    assert fact.external_id == "sub-transfer:5:1"
    asked = len([one for one in venue.asked if one[1] == path])
    again = venue.gather("spot", cursors=got.cursors, since=NOW - timedelta(days=100))
    assert not again.failures
    assert len([one for one in venue.asked if one[1] == path]) - asked == 2  # in and out, one window each


@pytest.mark.parametrize(
    ("refusals", "failed"),
    [((-12000, -12000), False), ((-2015, -2015), False), ((-1000, -12000), True), ((-12000, -1000), True)],
)
def test_a_key_that_is_neither_masters_nor_subs_has_no_such_transfers(refusals, failed):
    """A refusal of the question is an answer; an overload is none."""
    listing, own = (Refused(code) for code in refusals)
    paths = ("/sapi/v1/sub-account/list", "/sapi/v1/sub-account/transfer/subUserHistory")
    got = spot(dict(zip(paths, (listing, own), strict=True))).gather("spot")
    assert bool([one for one in got.failures if one.message.startswith("sub.accounts")]) is failed


def test_a_master_asks_for_what_it_gave_and_for_what_each_sub_account_gave():
    at = to_milliseconds(NOW - timedelta(days=3))
    moves = [
        ("m@test.com", "s1@test.com", "10", at),
        ("s1@test.com", "m@test.com", "4", at + 1),
        ("s1@test.com", "s2@test.com", "3", at + 2),
    ]

    spots = {"fromAccountType": "SPOT", "toAccountType": "SPOT"}

    def universal(params):
        span = range(int(params["startTime"]), int(params["endTime"]) + 1)
        giver = params.get("fromEmail", "m@test.com")
        found = [
            {"tranId": n, "fromEmail": source, "toEmail": target, "asset": "USDT", "amount": amount}
            | {"createTimeStamp": when, "status": "SUCCESS", **spots}
            for n, (source, target, amount, when) in enumerate(moves)
            if source == giver and when in span
        ]
        return {"result": found, "totalCount": len(found)}

    subs = {"subAccounts": [{"email": "s1@test.com"}, {"email": "s2@test.com"}]}
    path = "/sapi/v1/sub-account/universalTransfer"
    venue = spot({"/sapi/v1/sub-account/list": subs, path: universal})
    got = venue.gather("spot", since=NOW - timedelta(days=20))
    assert not got.failures
    told = {fact.external_id: fact.body.amount.number for fact in got.facts if fact.kind == "transfer"}
    assert told == {"sub-transfer:0:from": Decimal(-10), "sub-transfer:1:to": Decimal(4)}
    assert "sub.list/1" in {one.endpoint for one in got.evidence}  # whose addresses are sub-accounts'
    asked = [params for _, where, params in venue.asked if where == path]
    week = to_milliseconds(NOW) - to_milliseconds(NOW - timedelta(days=7))
    assert max(int(one["endTime"]) - int(one["startTime"]) for one in asked) < week


def test_a_list_of_sub_accounts_whose_pages_do_not_turn_is_not_read_for_ever():
    path = "/sapi/v1/sub-account/list"
    venue = spot({path: {"subAccounts": [{"email": f"s{n}@test.com"} for n in range(200)]}})
    got = venue.gather("spot")
    assert [one.message.partition(":")[0] for one in got.failures] == ["sub.accounts"]
    assert len([one for one in venue.asked if one[1] == path]) == 2


def test_a_full_answer_is_halved_until_none_is():
    rows = [
        {"id": n, "amount": "1", "asset": "BTC", "tranId": n, "divTime": to_milliseconds(NOW) - 1000 * n}
        for n in range(1, 1201)
    ]

    def dividends(params):
        span = range(int(params["startTime"]), int(params["endTime"]) + 1)
        found = [row for row in rows if row["divTime"] in span]
        return {"rows": found[: int(params["limit"])], "total": len(found)}

    venue = spot({"/sapi/v1/asset/assetDividend": dividends})
    got = venue.gather("spot", since=NOW - timedelta(days=1))
    assert not got.failures
    assert len({fact.external_id for fact in got.facts if fact.kind == "cash_flow"}) == 1200
    assert got.cursors["spot.dividends/1"].id == "1"


def test_a_row_that_is_gone_is_a_gap():
    row = {"id": 7, "amount": "1", "asset": "BTC", "tranId": 7, "divTime": to_milliseconds(NOW) - 5000}
    path = "/sapi/v1/asset/assetDividend"
    got = spot({path: {"rows": [row], "total": 1}}).gather("spot", since=NOW - timedelta(days=1))
    later = spot({}).gather("spot", cursors=got.cursors, now=NOW + timedelta(hours=1))
    assert [failure.message.partition(":")[0] for failure in later.failures] == ["spot.dividends/1"]
    assert "is gone" in later.failures[0].message
