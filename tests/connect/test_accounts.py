"""Private streams of the simulated venues over real sockets: they tell what happens and hide secrets."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from truenav.connect.accounts import OPENED, REFUSED, AccountLine
from truenav.connect.cefi.binance import private as binance
from truenav.connect.cefi.deribit import streams as deribit
from truenav.connect.contract import AccountStreamingConnector, Credentials, Payload, StreamPlan
from truenav.connect.errors import KeyRevokedError, VenueError, VenueUnavailableError
from truenav.connect.news import PRIVATE
from truenav.connect.registry import connector, parse
from truenav.connect.streaming import StreamState
from truenav.connect.transport import open_network
from truenav.core.account import Account, AccountKind
from truenav.core.clock import SystemClock
from truenav.core.ids import AccountId
from truenav.simulator.orders import Terms

from . import test_streaming as streaming
from .conftest import EMPTY, SCENARIO
from .test_streaming import LOOPBACK, Venue, until, venue

HERE = Path(__file__).parent
PAYLOADS = HERE.parent / "payloads"
PERPETUAL = "BTC-USDT-SWAP"


@dataclass(frozen=True)
class Case:
    """One account at one venue, and an order that each of its streams tells something of."""

    venue: str
    scenario: Path
    account: str
    wallets: tuple[str, ...]
    orders: tuple[tuple[str, str], ...]
    streams: int

    def __str__(self) -> str:
        return self.venue


CASES = (
    Case(
        "binance",
        HERE / "cefi" / "binance" / "scenario.toml",
        "binance-busy",
        ("spot", "margin", "usdm", "coinm"),
        (("BTC-USDT", "0.01"), (PERPETUAL, "0.01"), ("BTC-USD-SWAP", "1")),
        4,
    ),
    Case(
        "binance",
        HERE / "cefi" / "binance" / "options.toml",
        "binance-vol",
        ("options",),
        (("BTC-USDT-231229-46000-C", "0.1"),),
        1,
    ),
    Case("okx", SCENARIO, "okx-trend", ("trading", "funding"), ((PERPETUAL, "1"),), 2),
    Case(
        "bybit",
        HERE / "cefi" / "bybit" / "scenario.toml",
        "bybit-busy",
        ("unified", "funding"),
        ((PERPETUAL, "0.01"),),
        1,
    ),
    Case(
        "deribit",
        HERE / "cefi" / "deribit" / "scenario.toml",
        "main",
        ("main",),
        (("BTC-USD-SWAP", "1"),),
        1,
    ),
)
FEW = tuple(case for case in CASES if case.wallets != ("options",))


@dataclass
class Desk:
    """An account whose streams are followed, and what they told."""

    place: Venue
    case: Case
    credentials: Credentials
    lines: list[AccountLine] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    kept: list[Payload] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)

    def signal(self, news: str, message: Payload | None) -> None:
        self.news.append(news)
        if message is not None:
            self.kept.append(message)

    async def keys(self) -> Credentials:
        return self.credentials

    async def nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(0.01)

    def trade(self, key: str, size: str) -> None:
        self.place.world.place(self.case.account, Terms(key, "buy", Decimal(size)))

    def standing(self) -> bool:
        return all(line.health.state is StreamState.STANDING for line in self.lines)


@asynccontextmanager
async def desk(case: Case, monkeypatch: pytest.MonkeyPatch, *, secret: str = "") -> AsyncIterator[Desk]:
    monkeypatch.setattr(streaming, "SCENARIO", case.scenario)
    async with venue() as place, open_network(seed=1, private_hosts=LOOPBACK) as network:
        plan = place.world.account(case.account)
        here = Desk(place, case, Credentials(plan.api_key, secret or plan.secret, plan.passphrase))
        source = connector(case.venue)
        assert isinstance(source, AccountStreamingConnector)
        account = Account(
            AccountId(case.account), case.account, case.venue, AccountKind.EXCHANGE, case.wallets
        )
        api = network.transport(source, _forget, account=account.id, base_url=place.url)
        here.lines = [
            AccountLine(
                source,
                stream,
                api,
                keys=here.keys,
                signal=here.signal,
                clock=SystemClock(),
                seed=number,
                private_hosts=LOOPBACK,
                sleep=here.nap,
            )
            for number, stream in enumerate(source.account_streams(account))
        ]
        tasks = [asyncio.create_task(line.run()) for line in here.lines]
        try:
            yield here
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _forget(payload: Payload) -> None:
    raise AssertionError(f"a log-in was archived: {payload.evidence.endpoint}")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_order_is_told_at_once_and_no_secret_is_kept(
    case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with desk(case, monkeypatch) as here:
            await until(here.standing)
            assert here.news.count(OPENED) == len(here.lines) == case.streams
            await asyncio.sleep(0.1)
            before = len(here.kept)
            for key, size in case.orders:
                here.trade(key, size)
                told = len(here.kept)
                await until(lambda: len(here.kept) > told, 0.5)  # noqa: B023 - awaited here
            assert before < len(here.kept)
            assert not any(line.health.reconnects for line in here.lines)
            secrets = (here.credentials.key, here.credentials.secret, here.credentials.passphrase)
            texts = [one.body.decode() + str(one.evidence) for one in here.kept]
            texts += [line.health.trouble for line in here.lines]
            texts += [record.getMessage() for record in caplog.records]
            assert not [text for text in texts for secret in secrets if secret and secret in text]
            assert {one.evidence.account for one in here.kept} == {case.account}

    asyncio.run(scenario())


@pytest.mark.parametrize(("case", "fault"), list(zip(FEW, ("partial", "drop") * 2, strict=True)), ids=str)
def test_a_stream_that_ends_or_tells_half_a_message_is_opened_anew_and_says_so(
    case: Case, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with desk(case, monkeypatch) as here:
            await until(here.standing)
            opened = here.news.count(OPENED)
            await here.place.control("faults", kind=fault, venue=case.venue, times=1)
            here.trade(*case.orders[0])
            await until(lambda: here.news.count(OPENED) > opened)
            assert sum(line.health.reconnects for line in here.lines) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("case", FEW, ids=str)
def test_a_revoked_key_is_told_by_meaning_and_not_tried_again_at_once(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with desk(case, monkeypatch, secret="not-the-secret") as here:
            if case.venue == "binance":  # a listen key asks for no signature
                await here.place.control("faults", kind="revoked", venue="binance")
            await until(lambda: REFUSED in here.news and bool(here.naps))
            broken = [line for line in here.lines if line.health.state is StreamState.BROKEN]
            assert broken
            assert "the key is not accepted" in broken[0].health.trouble
            assert min(here.naps) >= 30.0

    asyncio.run(scenario())


@pytest.mark.parametrize("case", FEW, ids=str)
def test_a_documented_message_is_news_and_states_nothing_by_itself(case: Case) -> None:
    body = (PAYLOADS / case.venue / "stream-private.json").read_bytes()
    source = connector(case.venue)
    assert isinstance(source, AccountStreamingConnector)
    account = Account(AccountId("a"), "a", case.venue, AccountKind.EXCHANGE, case.wallets)
    streams = source.account_streams(account)
    for message in json.loads(body):
        heard = {stream.hear(json.dumps(message).encode()).news for stream in streams} - {""}
        assert heard or "user.portfolio" in str(message)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    evidence = streaming._evidence(case.venue, PRIVATE)
    assert evidence.asked_at == at
    assert parse(evidence, body, EMPTY).facts == ()


def test_what_venues_say_of_the_end_of_a_stream_opens_it_anew() -> None:
    spot, _, futures, _ = _streams("binance", ("spot", "margin", "usdm", "coinm"))
    (portfolio,) = _streams("binance", ("usdm", "portfolio"))
    assert portfolio.plan.path == "/pm/ws"
    for stream, message in (
        (futures, {"e": "listenKeyExpired", "E": 1, "listenKey": "hidden"}),
        (spot, {"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": 1}}),
        (_streams("okx", ("trading",))[0], {"event": "notice", "code": "64008", "msg": "maintenance"}),
    ):
        with pytest.raises(VenueUnavailableError) as told:
            stream.hear(json.dumps(message).encode())
        assert "hidden" not in told.value.message


def test_a_portfolio_of_deribit_is_news_where_its_balance_moved() -> None:
    (stream,) = _streams("deribit", ("main",))

    def told(balance: float, equity: float) -> str:
        data = {"currency": "BTC", "balance": balance, "equity": equity}
        params = {"channel": "user.portfolio.btc", "data": data}
        return stream.hear(json.dumps({"method": "subscription", "params": params}).encode()).news

    assert [told(1.5, 1.6), told(1.5, 1.7), told(1.4, 1.6), told(1.4, 1.6)] == ["", "", "balance", ""]


def test_refusals_of_streams_are_told_by_meaning() -> None:
    (okx,), (bybit,) = _streams("okx", ("trading",)), _streams("bybit", ("unified",))
    wrong = b'{"event":"error","code":"60024","msg":"Wrong passphrase"}'
    with pytest.raises(KeyRevokedError):
        okx.hear(wrong)
    with pytest.raises(KeyRevokedError):
        bybit.hear(b'{"success":false,"ret_msg":"API key is invalid.","op":"auth"}')
    with pytest.raises(VenueError, match="handler not found"):
        bybit.hear(b'{"success":false,"ret_msg":"error:handler not found","op":"subscribe"}')


def _streams(name: str, wallets: tuple[str, ...]):  # type: ignore[no-untyped-def]
    source = connector(name)
    assert isinstance(source, AccountStreamingConnector)
    return source.account_streams(Account(AccountId("a"), "a", name, AccountKind.EXCHANGE, wallets))


class Mute:
    """A connection on which nothing ever comes."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def recv(self, *, decode: bool) -> bytes:
        await asyncio.sleep(3600)
        return b""

    async def send(self, text: str) -> None:
        self.said.append(text)


class Renewed:
    """A private stream that is renewed more often than its silence is a fault."""

    plan = StreamPlan(PRIVATE, "public", "/", (), 0.2)
    renewal = 0.05

    async def renew(self, api: object, credentials: Credentials) -> tuple[str, ...]:
        return ("alive?",)


def test_a_stream_that_is_often_renewed_and_says_nothing_is_still_found_silent() -> None:
    async def scenario() -> None:
        connection = Mute()
        line = AccountLine(
            connector("okx"),
            Renewed(),  # type: ignore[arg-type]
            SimpleNamespace(base_url="ws://localhost"),  # type: ignore[arg-type]
            keys=lambda: asyncio.sleep(0, Credentials("key")),
            signal=lambda news, message: None,
            clock=SystemClock(),
            seed=1,
        )
        with pytest.raises(VenueUnavailableError, match="said nothing"):
            async with asyncio.timeout(2):
                await line._listen(connection)  # type: ignore[arg-type]
        assert 2 <= len(connection.said) <= 4

    asyncio.run(scenario())


def test_listen_keys_and_tokens_are_renewed_before_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binance.KeyStream, "renewal", 0.1)
    monkeypatch.setattr(deribit, "_RENEW_AT", 0.1 / 900)
    renewed = "binance /fapi/v1/listenKey"

    async def scenario() -> None:
        async with desk(CASES[0], monkeypatch) as here:
            await until(here.standing)
            await until(lambda: here.place.world.meter.requests[renewed] >= 3)
            assert not any(line.health.reconnects for line in here.lines)
        async with desk(FEW[3], monkeypatch) as here:
            await until(here.standing)
            (line,) = here.lines
            await until(lambda: line.health.messages > 4)
            assert line.health.reconnects == 0

    asyncio.run(scenario())
