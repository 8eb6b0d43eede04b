"""Earn products: what they hold, what they earn, and how money gets there and back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from truenav.connect.contract import Credentials, Cursor, Errand
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.registry import connector
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BTC, ETH, USDT
from truenav.core.clock import to_milliseconds
from truenav.core.facts import CashFlow, CashKind, Transfer, TransferKind
from truenav.core.ids import AccountId
from truenav.core.money import Amount

from .conftest import EMPTY, PAYLOADS, stated

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORTH = b'{"code":"0","msg":"","data":[{"details":{"funding":"0","earn":"%s"},"totalBal":"0"}]}'
NOTHING = b'{"code":"0","msg":"","data":[]}'


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def joined(savings: bytes, stakes: bytes) -> bytes:
    return b"[" + savings + b"," + stakes + b"]"


def test_savings_and_staked_amounts_are_one_wallet():
    parsed = stated("earn-balances/1", joined(payload("savings"), payload("stakes")))
    (fact,) = parsed.facts
    assert fact.body.wallet == "earn"
    assert {line.asset: line.total for line in fact.body.lines} == {
        USDT: Decimal("5250.25"),  # savings with what they earned, and an order that is being redeemed
        ETH: Decimal("32.5"),  # staked, and on its way to be
    }
    assert parsed.problems == ()


def test_a_fast_redemption_is_told():
    fast = b'"fastRedemptionData": [{"ccy": "ETH", "redeemingAmt": "1.5"}]'
    stakes = payload("stakes").replace(b'"fastRedemptionData": []', fast, 1)
    (problem,) = stated("earn-balances/1", joined(NOTHING, stakes)).problems
    assert (problem.subject, problem.lost) == ("2413499", False)
    assert "1.5 ETH" in problem.message


def test_a_refusal_among_the_two_lists_is_no_balance():
    with pytest.raises(MalformedPayloadError):
        stated("earn-balances/1", joined(NOTHING, b'{"code":"50001","msg":"","data":[]}'))
    with pytest.raises(MalformedPayloadError):
        stated("earn-balances/1", b"[" + NOTHING + b"]")


def test_each_hour_of_lending_is_a_reward_in_the_earn_wallet():
    facts = stated("lending/1", payload("lending")).facts
    assert [(one.body.wallet, one.body.kind, one.body.amount) for one in facts] == [
        ("earn", CashKind.REWARD, Amount(Decimal("0.0570776"), USDT)),
        ("earn", CashKind.REWARD, Amount(Decimal("0.00000057"), BTC)),
        ("earn", CashKind.REWARD, Amount(Decimal("0.0570776"), USDT)),
    ]
    assert len({one.external_id for one in facts}) == 3


def test_funding_bills_state_what_no_other_record_states():
    parsed = stated("funding-bills/1", payload("funding-bills"))
    moves = [one.body for one in parsed.facts if isinstance(one.body, Transfer)]
    assert {one.kind for one in moves} == {TransferKind.INTERNAL}
    assert [(one.wallet, one.counterpart, one.amount.number) for one in moves] == [
        ("funding", "sub-account", Decimal(900)),
        ("funding", "sub-account", Decimal(-300)),
        ("funding", "earn", Decimal("1.5")),
        ("earn", "funding", Decimal("-1.5")),
        ("funding", "earn", Decimal(-34)),
        ("earn", "funding", Decimal(34)),
        ("funding", "earn", Decimal("1000.5")),
        ("earn", "funding", Decimal("-1000.5")),
        ("funding", "earn", Decimal(-6000)),
        ("earn", "funding", Decimal(6000)),
    ]
    rewards = [(one.body.wallet, one.body.amount) for one in parsed.facts if isinstance(one.body, CashFlow)]
    assert rewards == [
        ("funding", Amount(Decimal("0.00001"), BTC)),
        ("funding", Amount(Decimal("0.0125"), ETH)),
    ]
    assert [(one.subject, one.lost) for one in parsed.problems] == [("160", False)]


def gather(answers, *wallets, cursors=None):
    """What an account with these wallets learns where the venue answers so; other lists are empty."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path.removeprefix("/api/v5/"), dict(request.url.params)))
        return httpx.Response(200, content=answers.get(asked[-1][0], NOTHING))

    async def archive(payload):
        del payload

    async def run():
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            okx = connector("okx")
            network = Network([http], clock=Still(), seed=7)
            api = network.transport(okx, archive, account="a", base_url="http://venue.test")
            account = Account(AccountId("a"), "a", "okx", AccountKind.EXCHANGE, wallets)
            key = Credentials("k", "s", "p")
            return await okx.gather_account(
                api, Errand(account, key, EMPTY, cursors or {}, since=NOW - 60 * HOUR)
            )

    return asyncio.run(run()), asked


class Still:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


EARN = {
    "finance/savings/balance": payload("savings"),
    "finance/staking-defi/orders-active": payload("stakes"),
    "finance/savings/lending-history": payload("lending"),
    "asset/bills-history": payload("funding-bills"),
    "asset/bills": payload("funding-bills"),
}


def test_an_account_with_the_earn_wallet_is_gathered_with_its_cursors():
    got, asked = gather(EARN, "earn")
    assert not got.failures
    assert {path for path, _ in asked} == EARN.keys() - {"asset/bills"}
    newest = NOW - 22 * HOUR
    assert got.cursors["lending/1"].at == newest
    assert got.cursors["funding-bills/1"].id == "12353"
    again, asked = gather(EARN, "earn", cursors=got.cursors)
    assert not again.failures
    assert "asset/bills" in {path for path, _ in asked}  # the quick endpoint
    assert {fact.external_id for fact in again.facts} == {fact.external_id for fact in got.facts}


def test_a_long_first_reading_that_ended_leaves_the_quick_endpoint_in_use():
    got, _ = gather(EARN, "earn")
    reached = {"funding-bills/1 reached": Cursor("12345", NOW - timedelta(days=50))}
    _, asked = gather(EARN, "earn", cursors={**got.cursors, **reached})
    assert "asset/bills-history" not in {path for path, _ in asked}
    broken_off = {f"funding-bills/1 {mark}": Cursor("12399", NOW) for mark in ("newest", "reached")}
    _, asked = gather(EARN, "earn", cursors={**got.cursors, **broken_off})
    assert "asset/bills-history" in {path for path, _ in asked}


def test_lending_that_the_venue_has_forgotten_is_not_waited_for():
    old = Cursor("gone", NOW - timedelta(days=40))
    got, _ = gather(EARN, "earn", cursors={"lending/1": old})
    assert not got.failures
    recent = replace(old, at=NOW - timedelta(days=3))
    got, _ = gather(EARN, "earn", cursors={"lending/1": recent})
    assert ["gone" in failure.message for failure in got.failures] == [True]


@pytest.mark.parametrize(("worth", "believed"), [(b"0", True), (b"99690.25", False)])
def test_no_earn_products_are_believed_where_the_venue_values_them_at_nothing(worth, believed):
    got, _ = gather({"asset/asset-valuation": WORTH % worth}, "earn")
    assert bool(got.failures) is not believed
    assert ("valuation/1" in {one.endpoint for one in got.evidence}) is believed
    assert any(fact.kind == "balance_snapshot" for fact in got.facts) is believed


def test_an_account_without_the_earn_wallet_is_asked_nothing_of_it():
    stamp = str(to_milliseconds(NOW))
    balance = b'{"code":"0","msg":"","data":[{"uTime":"%s","details":[]}]}' % stamp.encode()
    answers = {"account/balance": balance, "asset/asset-valuation": WORTH % b"5"}
    got, asked = gather(answers, "trading", "funding")
    assert not got.failures
    assert not {path for path, _ in asked} & EARN.keys()
