"""An account over the product's own transport: what facts add up to is what the balance says."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from tests.connect.custody.standin import CONTEXT, SINCE, desk

from truenav.connect.cefi.coinbase.client import CoinbaseClient
from truenav.connect.cefi.coinbase.connector import CONNECTOR
from truenav.connect.cefi.coinbase.keys import LIFETIME, make_token, read_key
from truenav.connect.contract import Credentials, KeyCheck, Right
from truenav.connect.errors import IncompletePagesError, KeyRevokedError
from truenav.connect.registry import parse
from truenav.core.account import Account, AccountKind
from truenav.core.asset import USD
from truenav.core.facts import BalanceSnapshot, CashFlow, PositionSnapshot, Trade, Transfer
from truenav.core.ids import AccountId
from truenav.core.money import ZERO, exact

from .standin import CREDENTIALS, NAME, PAYLOADS, PEM, Coinbase, verified

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
WALLETS = ("spot", "futures", "earn")


def run(venue, scenario, credentials=CREDENTIALS):
    async def inside():
        async with desk("coinbase", venue, credentials) as place:
            market = await CONNECTOR.gather_market(place.transport(""), CONTEXT)
            assert not market.failures
            return await scenario(place, CONTEXT.with_instruments(market.instruments))

    return asyncio.run(inside())


def gathered(venue, credentials=CREDENTIALS):
    return run(venue, lambda place, known: place.gather(*WALLETS, context=known), credentials)


def moved(facts):
    """What every fact moved, by wallet and asset."""
    sums = defaultdict(lambda: ZERO)
    with exact():
        for fact in facts:
            body = fact.body
            if isinstance(body, Trade):
                amounts = [*body.fees, *([body.cost] if body.cost else [])]
                if body.cost:
                    terms = known_base(body.instrument)
                    sums[body.wallet, terms] += body.quantity
            elif isinstance(body, Transfer):
                amounts = [body.amount, *([body.fee] if body.fee else [])]
            elif isinstance(body, CashFlow):
                amounts = [body.amount]
            else:
                continue
            for one in amounts:
                sums[body.wallet, one.asset] += one.number
    return {key: total for key, total in sums.items() if total}


def known_base(instrument):
    return CONTEXT.assets.resolve("coinbase", instrument.partition(":")[2].split("-")[0], NOW)


def test_facts_add_up_to_the_balances_and_replay_from_the_archive():
    async def scenario(place, known):
        return await place.gather(*WALLETS, context=known), list(place.archived), known

    got, archived, known = run(Coinbase(page=2), scenario)
    assert not got.failures
    snapshots = {f.body.wallet: f.body for f in got.facts if isinstance(f.body, BalanceSnapshot)}
    held = {(w, line.asset): line.total for w in ("spot",) for line in snapshots[w].lines}
    sums = moved(got.facts)
    assert {key: total for key, total in sums.items() if key[0] == "spot"} == held
    assert snapshots["futures"].lines[0].total == sums["futures", USD] == Decimal("4999.5")
    assert [len(f.body.lines) for f in got.facts if isinstance(f.body, PositionSnapshot)] == [2]
    stored = {one.evidence.sha256: one for one in archived}
    again = {f for one in got.evidence for f in parse(one, stored[one.sha256].body, known).facts}
    assert {fact.key_hash for fact in got.facts} == {fact.key_hash for fact in again}


def test_the_second_sync_reads_on_and_what_was_under_way_is_stated_when_it_is_done():
    venue = Coinbase(page=2)

    async def scenario(place, known):
        first = await place.gather(*WALLETS, context=known)
        venue.ledger[0].update(status="completed")
        venue.fills.insert(0, {**venue.fills[-1], "trade_id": "late", "trade_time": "2026-11-20T08:59:00Z"})
        venue.fills[0]["sequence_timestamp"] = "2026-11-20T08:59:00Z"
        return first, await place.gather(*WALLETS, context=known, cursors=first.cursors)

    first, second = run(venue, scenario)
    assert first.cursors["transactions/1@acc-btc"].id == "tx-22"
    assert not second.failures
    ids = {fact.external_id for fact in second.facts if not isinstance(fact.body, BalanceSnapshot)}
    assert {"tx:tx-22", "fill:late", "fill:trade-4"} <= ids
    assert "fill:trade-1" not in ids


def long_ledger(count):
    """A venue whose dollar coins moved so many times."""
    venue = Coinbase()
    row = next(one for one in venue.ledger if one["id"] == "tx-20")
    more = [{**row, "id": f"many-{n}", "created_at": f"2026-11-10T00:00:{n % 60:02d}Z"} for n in range(count)]
    venue.ledger[:] = [one for one in venue.ledger if one["amount"]["currency"] != "USDC"] + more[::-1]
    return venue


def test_a_ledger_that_was_broken_off_goes_on_and_remembers_what_was_under_way():
    venue = long_ledger(250)
    venue.ledger[-250]["status"] = "pending"

    async def scenario(place, known):
        del known
        client = CoinbaseClient(place.transport(), place.credentials)
        first = await anext(client.ledger("acc-usdc", {}, SINCE, held=True))
        marks = dict(first.marks)
        return first, [one async for one in client.ledger("acc-usdc", marks, SINCE, held=True)]

    first, rest = run(venue, scenario)
    ids = [{row["id"] for row in json.loads(one.payloads[0].body)["data"]} for one in (first, *rest)]
    assert set().union(*ids) == {f"many-{n}" for n in range(250)}
    assert "many-249" not in ids[1]
    assert [one.cursor and one.cursor.id for one in rest] == [None, "many-249"]


def test_a_ledger_of_many_pages_overlaps_and_a_page_that_lacks_its_row_is_not_taken():
    got = gathered(long_ledger(250))
    assert sum("tx:many-" in fact.external_id for fact in got.facts) == 250

    def skips(path, params):
        status, answer = Coinbase.private(venue, path, params)
        if "starting_after" in params:
            answer = {**answer, "data": answer["data"][1:]}
        return status, answer

    venue = long_ledger(250)
    venue.private = skips
    broken = gathered(venue)
    assert any("does not repeat" in one.message for one in broken.failures)
    assert "transactions/1@acc-usdc" not in broken.cursors


@pytest.mark.parametrize("hidden", [range(200, 240), range(70, 270, 2), (249, 150, 149), range(100, 199)])
def test_a_page_from_which_rows_are_left_out_is_not_the_end(hidden):
    venue = long_ledger(250)
    venue.hidden = {f"many-{n}" for n in hidden}
    got = gathered(venue)
    assert not got.failures
    stated = {fact.external_id for fact in got.facts}
    assert {one for one in stated if "many" in one} == {f"tx:many-{n}" for n in range(250) if n not in hidden}


def test_a_page_without_a_row_is_not_the_end_where_there_must_be_one():
    venue = long_ledger(250)

    async def scenario(place, _):
        client = CoinbaseClient(place.transport(), place.credentials)
        marks = dict((await anext(client.ledger("acc-usdc", {}, SINCE, held=True))).marks)
        venue.hidden = {f"many-{n}" for n in range(250)}
        for known in ({}, marks):  # the first page names another; a reading was broken off before its end
            with pytest.raises(IncompletePagesError, match="without a row"):
                await anext(client.ledger("acc-usdc", known, SINCE, held=False))
        venue.ledger = []
        with pytest.raises(IncompletePagesError, match="without a row"):
            await anext(client.ledger("acc-usdc", marks, SINCE, held=False))

    run(venue, scenario)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda state: state["accounts"]["accounts"].pop(0), "the portfolio has BTC"),
        (lambda state: state["futures-positions"].update(positions=[]), "open positions that no list has"),
        (lambda state: state["futures-balance"].update(balance_summary=None), "no balance of them is told"),
        (
            lambda state: state["portfolio"]["breakdown"].update(spot_positions=None),
            "worth something, but lists nothing",
        ),
    ],
)
def test_a_list_that_comes_back_short_is_not_believed(change, what):
    venue = Coinbase()
    change(venue.state)
    got = gathered(venue)
    assert any(what in one.message for one in got.failures)


@pytest.mark.parametrize("kind", ["SPOT", "FUTURE"])
def test_the_market_is_not_read_from_an_empty_list(kind):
    venue = Coinbase()
    venue.unlisted = {kind}

    async def market():
        async with desk("coinbase", venue, CREDENTIALS) as place:
            return await CONNECTOR.gather_market(place.transport(""), CONTEXT)

    assert [f"({kind}) is empty" in one.message for one in asyncio.run(market()).failures] == [True]


def test_an_account_that_holds_something_cannot_have_an_empty_ledger():
    venue = Coinbase()
    venue.ledger[:] = [one for one in venue.ledger if one["amount"]["currency"] != "ETH"]
    got = gathered(venue)
    assert any("its ledger is empty" in one.message for one in got.failures)


def test_without_a_futures_account_there_is_nothing_to_read():
    venue = Coinbase()
    venue.state["futures-balance"] = {"balance_summary": None}
    venue.state["futures-positions"] = {"positions": None}
    venue.state["portfolio"]["breakdown"]["portfolio_balances"]["total_futures_balance"]["value"] = "0"
    got = gathered(venue)
    assert not got.failures
    held = {f.body.wallet: f.body.lines for f in got.facts if isinstance(f.body, BalanceSnapshot)}
    assert held["futures"] == ()


def test_a_key_is_checked_by_the_venues_own_words():
    venue = Coinbase()

    def check(place, known):
        del known
        return CONNECTOR.check_key(place.transport(""), place.credentials)

    found = run(venue, check)
    assert (found.read, found.trade, found.withdraw) == (Right.YES, Right.NO, Right.NO)
    assert found.identity == venue.state["key"]["portfolio_uuid"]
    assert isinstance(found, KeyCheck)
    with pytest.raises(KeyRevokedError, match="not accepted"):
        run(venue, check, Credentials("organizations/o1/apiKeys/other", PEM))
    with pytest.raises(KeyRevokedError, match="paste the whole private key"):
        run(venue, check, Credentials(NAME, "secret"))


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b"Unauthorized", "not accepted"),
        (401, b'{"errors":[{"id":"authentication_error","message":"request timestamp expired"}]}', "clock"),
        (403, b'{"error":"PERMISSION_DENIED","message":"Missing required scopes"}', "may not read"),
        (403, b"<html>blocked</html>", "firewall"),
        (404, b'{"errors":[{"id":"not_found","message":"Not found"}]}', "HTTP 404"),
        (200, b'{"accounts": [', "cut off"),
    ],
)
def test_refusals_are_told_apart_by_their_meaning(status, body, said):
    assert said in CONNECTOR.refusal(status, body).message
    assert CONNECTOR.refusal(200, b"{}") is None


def test_keys_of_both_kinds_make_tokens_that_live_two_minutes():
    key = read_key(PEM.replace("\n", "\\n"))
    claims = verified(make_token(key, NAME, "GET api.coinbase.com/x", NOW, "n"), key.public_key())
    assert (claims["uri"], claims["exp"] - claims["nbf"]) == ("GET api.coinbase.com/x", LIFETIME)
    edwards = Ed25519PrivateKey.generate()
    raw = edwards.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = edwards.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    again = read_key(b64encode(raw + public).decode())
    claims = verified(make_token(again, NAME, "GET api.coinbase.com/x", NOW, "n"), edwards.public_key())
    assert claims["uris"] == ["GET api.coinbase.com/x"]


def test_streams_follow_all_known_markets_and_a_heartbeat():
    async def plans(place, known):
        del place
        return CONNECTOR.market_streams(known)

    (plan,) = run(Coinbase(), plans)
    channels = [json.loads(one) for one in plan.hello]
    assert [one["channel"] for one in channels] == ["heartbeats", "ticker"]
    assert len(channels[1]["product_ids"]) == 7
    assert CONNECTOR.market_streams(CONTEXT) == ()


def test_the_private_stream_stands_when_orders_are_subscribed_to_and_tells_their_changes():
    (stream,) = CONNECTOR.account_streams(
        Account(AccountId("a"), "a", "coinbase", AccountKind.EXCHANGE, ("spot",))
    )

    async def enter(place, known):
        del known
        return await stream.enter(place.transport(""), place.credentials)

    hello = [json.loads(one) for one in run(Coinbase(), enter).hello]
    assert [one["channel"] for one in hello] == ["heartbeats", "user"]
    claims = verified(hello[1]["jwt"], read_key(PEM).public_key())
    assert claims["sub"] == NAME
    assert "uri" not in claims
    (news,) = json.loads((PAYLOADS / "stream-private.json").read_text())

    def heard(**change):
        return stream.hear(json.dumps({**news, **change}).encode())

    assert heard().news == "order"
    first, position = ({**news["events"][0], **change} for change in ({"type": "snapshot"}, {"orders": []}))
    assert not heard(events=[first, position]).news
    assert heard(channel="subscriptions", events=[{"subscriptions": {"user": ["1"]}}]).standing
    assert not heard(channel="subscriptions", events=[{"subscriptions": {"heartbeats": ["1"]}}]).standing
    assert not heard(channel="heartbeats", events=[{"heartbeat_counter": 3}]).news
    with pytest.raises(KeyRevokedError, match="authentication failure"):
        stream.hear(b'{"type":"error","message":"authentication failure"}')
    assert not CONNECTOR.account_streams(
        Account(AccountId("a"), "a", "coinbase", AccountKind.EXCHANGE, ("earn",))
    )
