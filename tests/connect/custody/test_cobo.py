"""Cobo: wallets read with our own small client."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.connect.custody.standin import desk, held, moved
from tests.connect.custody.standin_cobo import PUBLIC, SECRET, Cobo

from truenav.connect.contract import Credentials, ParseContext
from truenav.connect.custody.contract import Custodian
from truenav.connect.custody.moves import FOLLOWED
from truenav.connect.registry import connector, parse
from truenav.core.asset import BTC, BUILTIN_ALIASES, BUILTIN_ASSETS, ETH, USDT, AssetAlias, AssetBook
from truenav.core.facts import CashKind, TransferKind
from truenav.core.instrument import InstrumentBook
from truenav.core.money import Amount

PAYLOADS = Path(__file__).parents[2] / "payloads" / "cobo"
ALIASED = ParseContext(
    AssetBook(BUILTIN_ASSETS, (*BUILTIN_ALIASES, AssetAlias("cobo", "ETH_USDT", USDT))), InstrumentBook(())
)
CREDENTIALS = Credentials(PUBLIC, SECRET)


def documented(name):
    return json.loads((PAYLOADS / f"{name}.json").read_text())


@pytest.fixture
def organisation():
    return Cobo(documented("tokens"), documented("transactions"), documented("approvals"))


def run(organisation, scenario, credentials=CREDENTIALS):
    async def inside():
        async with desk("cobo", organisation, credentials) as place:
            return await scenario(place)

    return asyncio.run(inside())


def gathered(organisation, *wallets):
    return run(organisation, lambda place: place.gather(*wallets, context=ALIASED))


def test_wallets_and_transactions_become_facts(organisation):
    got = gathered(organisation, "w1", "w2")
    assert not got.failures
    assert not got.problems
    assert held(got) == {
        ("w1", "BTC"): "3.5",
        ("w1", "ETH"): "20",
        ("w1", "USDT"): "1000.5",
        ("w2", "BTC"): "1",
    }
    moves = moved(got)
    assert moves["tx:deposit:in"].amount == Amount(Decimal("5"), BTC)
    assert moves["tx:deposit:in"].counterpart == "bc1qpayer"
    split = moves["tx:withdrawal:out"]
    assert (split.amount, split.fee) == (Amount(Decimal("-0.5"), BTC), Amount(Decimal("-0.0002"), BTC))
    assert split.kind is TransferKind.EXTERNAL
    there, here = moves["tx:move-out:out"], moves["tx:move-in:in"]
    assert (there.wallet, there.counterpart, there.kind) == ("w1", "w2", TransferKind.INTERNAL)
    assert (here.wallet, here.counterpart, here.amount) == ("w2", "w1", -there.amount)
    assert moves["tx:call:out"].fee == Amount(Decimal("-0.003"), ETH)
    assert moves["tx:failed:fee"].kind is CashKind.FEE


def test_a_snapshot_holds_all_pages_of_a_wallet_or_none(organisation):
    async def scenario(place):
        organisation.duplicate_page = True
        return await place.gather("w1", context=ALIASED)

    got = run(organisation, scenario)
    assert got.failures
    assert not held(got)


def test_a_snapshot_that_an_earlier_version_put_together_reads_the_same(organisation):
    async def scenario(place):
        return await place.gather("w1", context=ALIASED), list(place.archived)

    got, archived = run(organisation, scenario)
    found = {one.sha256 for one in got.evidence if one.endpoint == "tokens/1"}
    told = next(one for one in archived if one.evidence.sha256 in found and FOLLOWED in str(one.evidence))
    earlier = parse(told.evidence, b'{"pages":%b}' % told.body, ALIASED)
    assert earlier.facts == parse(told.evidence, told.body, ALIASED).facts != ()


def test_what_waits_for_approval_holds_the_cursor_and_is_shown(organisation):
    async def scenario(place):
        got = await place.gather("w1", context=ALIASED)
        account = place.account("w1")
        return got, await place.connector.approvals(place.transport(), account, place.credentials, ALIASED)

    got, (approval,) = run(organisation, scenario)
    assert next(iter(got.cursors.values())).id == "waiting"
    assert (approval.id, approval.amount) == ("waiting", Amount(Decimal("250"), USDT))
    assert approval.waiting_for == ("ben@fund.example",)
    assert approval.approved_by == ("anna@fund.example",)


@pytest.mark.parametrize(
    ("status", "body"), [(429, b"{}"), (502, b"{}"), (200, b"<html></html>"), (200, b"{")]
)
def test_a_fault_is_asked_again(organisation, status, body):
    async def scenario(place):
        organisation.fail(status, body)
        return await place.gather("w1", context=ALIASED), place.naps

    got, naps = run(organisation, scenario)
    assert not got.failures
    assert naps


def test_a_wrong_secret_is_named(organisation):
    wrong = run(organisation, lambda place: place.gather("w1"), Credentials(PUBLIC, "00" * 32))
    assert "public half" in wrong.failures[0].message
    organisation.fail(401, b'{"error_code": 2021, "error_message": "Signature verification failed"}')
    refused = run(organisation, lambda place: place.gather("w1"))
    assert any("Signature verification failed" in one.message for one in refused.failures)
    torn = run(organisation, lambda place: place.gather("w1"), Credentials("", "no hex"))
    assert "64 hexadecimal digits" in torn.failures[0].message


def test_a_token_nobody_mapped_is_told_and_keeps_its_name(organisation):
    got = run(organisation, lambda place: place.gather("w1"))
    assert {one.subject for one in got.problems} == {"cobo:ETH_USDT"}
    assert ("w1", "cobo:ETH_USDT") in held(got)


def test_archived_bytes_replay_to_the_same_facts(organisation):
    async def scenario(place):
        return await place.gather("w1", "w2", context=ALIASED), list(place.archived)

    got, archived = run(organisation, scenario)
    bodies = {payload.evidence.sha256: payload.body for payload in archived}
    again = [fact for one in got.evidence for fact in parse(one, bodies[one.sha256], ALIASED).facts]
    assert {fact.content_hash for fact in again} == {fact.content_hash for fact in got.facts}


def test_the_key_check_names_the_wallets(organisation):
    check = run(organisation, lambda place: place.connector.check_key(place.transport(""), place.credentials))
    assert check.account_types == ("w1", "w2")
    assert isinstance(connector("cobo"), Custodian)
