"""Every venue of ccxt asked for everything: nonsense is never an error, a fact, or a leak."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from truenav.connect.cefi.unified.catalogue import venues
from truenav.connect.contract import Credentials, Errand
from truenav.core.account import Account, AccountKind
from truenav.core.canonical import canonical_json
from truenav.core.facts import BalanceSnapshot

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
SECRET = "0x" + "2" * 64
KEY = Credentials("0x" + "1" * 40, SECRET, "canary-passphrase")
NONSENSE = (b"{}", b"[]", b'{"code":"0","data":[],"result":{"list":[]},"success":true}')
SOME = ("backpack", "bitfinex", "gemini", "hyperliquid", "kraken", "kucoin", "phemex", "whitebit")


@pytest.mark.parametrize("venue", SOME)
def test_nonsense_of_some_venues_states_no_balance(venue, line, empty):
    asked_for_everything(venue, NONSENSE[:1], line, empty)


@pytest.mark.nightly
@pytest.mark.parametrize("venue", sorted(venues()))
def test_nonsense_of_every_venue_states_no_balance(venue, line, empty):
    asked_for_everything(venue, NONSENSE, line, empty)


def asked_for_everything(venue, bodies, line, empty):
    async def run(body):
        async with line(venue, lambda request: httpx.Response(200, content=body)) as one:
            wallets = one.connector.manifest.wallets
            account = Account("desk", "Desk", venue, AccountKind.EXCHANGE, wallets)
            listed = await one.connector.gather_market(one.transport(""), empty)
            found = await one.connector.gather_account(
                one.transport(), Errand(account, KEY, empty, {}, since=SINCE)
            )
            return one, listed, found

    for body in bodies:
        one, listed, found = asyncio.run(run(body))
        assert listed.facts == ()
        assert not [fact for fact in found.facts if isinstance(fact.body, BalanceSnapshot)]
        assert found.failures
        kept = b"".join(canonical_json(payload.evidence) + payload.body for payload in one.archived)
        assert SECRET[2:].encode() not in kept
        assert KEY.passphrase.encode() not in kept
