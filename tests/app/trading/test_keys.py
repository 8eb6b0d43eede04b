"""Trading keys of an account: who may enter them, and which are refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from truenav.app.house import House
from truenav.app.sources.model import Connection
from truenav.app.trading import keys
from truenav.app.trading.keys import NoTradingError, OthersKeyError, TradingKey
from truenav.app.trading.reading import list_accounts
from truenav.connect.contract import Connector, Credentials
from truenav.connect.errors import KeyForbiddenError, KeyMayWithdrawError
from truenav.connect.transport import Transport
from truenav.core.canonical import canonical_json
from truenav.core.failure import ForbiddenError, NotFoundError
from truenav.core.ids import AccountId, ConnectionId
from truenav.core.orders import OrderState
from truenav.store import audit, definitions
from truenav.store.definitions import Kind

from .desk import DESK, Trading, account, request

KEY = Credentials("binance", "s")


@pytest.fixture
def asked_inside(monkeypatch: pytest.MonkeyPatch) -> Callable[[Trading], None]:
    """Lets a key be checked at the simulated venue of a test."""

    def of(trading: Trading) -> None:
        def ask(
            house: House,
            source: Connector,
            base_url: str | None,
            what: Callable[[Transport], Awaitable[object]],
            *,
            account: str,
        ) -> object:
            async def forget(payload: object) -> None:
                del payload

            async def work() -> object:
                network = trading.network(house)
                return await what(network.transport(source, forget, account=account, base_url=base_url))

            return asyncio.run(work())

        monkeypatch.setattr(keys, "ask_once", ask)

    return of


def forget_key(trading: Trading) -> None:
    with trading.house.database.transaction(trading.tenant) as session:
        trading.house.vault.delete(session, "trading/binance")


def test_a_key_that_may_trade_is_kept_apart_and_encrypted(
    trading: Trading, asked_inside: Callable[[Trading], None]
) -> None:
    asked_inside(trading)
    forget_key(trading)
    with pytest.raises(NoTradingError, match="no trading key"):
        trading.run(request())
    with trading.house.database.transaction(trading.tenant) as session:
        keys.put_key(session, trading.house, trading.principal("administrator"), DESK, KEY)
        assert json.loads(trading.house.vault.get(session, "trading/binance"))["secret"] == "s"
        assert trading.house.vault.names(session) == ("trading/binance",)
        (entry,) = [one for one in audit.entries(session) if one.action == "trade.key"]
        assert entry.detail == "{}"
    (done,) = trading.run(request())
    assert done.state is OrderState.FILLED


def test_what_is_told_of_a_key_is_its_rights_and_never_the_key(
    trading: Trading, asked_inside: Callable[[Trading], None]
) -> None:
    asked_inside(trading)
    with trading.house.database.transaction(trading.tenant) as session:
        keys.put_key(session, trading.house, trading.principal("administrator"), DESK, KEY)
        told = keys.entered_keys(session)[DESK]
    assert (told.created_by, told.body.trade, told.body.withdraw) == ("anna", "yes", "no")
    assert b'"s"' not in canonical_json(told.body)


def test_a_removed_key_sends_nothing_and_its_rights_stay_readable(
    trading: Trading, asked_inside: Callable[[Trading], None]
) -> None:
    asked_inside(trading)
    manager = trading.principal("manager")
    with trading.house.database.transaction(trading.tenant) as session:
        keys.put_key(session, trading.house, manager, DESK, KEY)
        keys.remove_key(session, trading.house, manager, DESK)
        assert trading.house.vault.names(session) == ()
        assert keys.entered_keys(session) == {}
        assert len(definitions.history(session, Kind.TRADING_KEY, DESK, TradingKey)) == 2
        assert [one.action for one in audit.entries(session)][-1] == "trade.key-removed"
        with pytest.raises(NotFoundError):
            keys.remove_key(session, trading.house, manager, DESK)
    with pytest.raises(NoTradingError, match="no trading key"):
        trading.run(request())


@pytest.mark.parametrize(
    ("rights", "refusal"),
    [('"read"', KeyForbiddenError), ('"read", "trade", "withdraw"', KeyMayWithdrawError)],
)
def test_a_key_that_may_withdraw_or_may_not_trade_is_not_kept(  # type: ignore[no-untyped-def]
    furnish_trading, asked_inside: Callable[[Trading], None], rights: str, refusal: type[Exception]
) -> None:
    trading = furnish_trading(rights=rights)
    asked_inside(trading)
    forget_key(trading)
    with trading.house.database.transaction(trading.tenant) as session:
        with pytest.raises(refusal):
            keys.put_key(session, trading.house, trading.principal("manager"), DESK, KEY)
        assert trading.house.vault.names(session) == ()


@pytest.mark.parametrize(("reading", "note"), [("other", None), ("binance", ""), ("gone", "verified")])
def test_a_key_of_another_account_than_the_one_that_is_read_is_refused(  # type: ignore[no-untyped-def]
    furnish_trading, asked_inside: Callable[[Trading], None], reading: str, note: str | None
) -> None:
    trading = furnish_trading(more=account("binance", "other", '"read"'))
    asked_inside(trading)
    manager = trading.principal("manager")
    with trading.house.database.transaction(trading.tenant) as session:
        link = definitions.get(session, Kind.CONNECTION, "binance", Connection)
        secret = canonical_json({"key": reading, "secret": "s", "passphrase": ""})
        trading.house.vault.put(session, link.secret_name, secret, at=trading.clock.now())
        if note is None:
            with pytest.raises(OthersKeyError, match="Enter a key of the account that is read"):
                keys.put_key(session, trading.house, manager, DESK, KEY)
        else:
            checked = keys.put_key(session, trading.house, manager, DESK, KEY)
            assert note in " ".join(checked.notes)
            assert bool(checked.notes) == bool(note)


def test_orders_go_over_the_connection_that_takes_them_whatever_else_there_is(trading: Trading) -> None:
    """The account is read in another way, too, and some connection names a connector that is gone."""
    with trading.house.database.transaction(trading.tenant) as session:
        for id, name, of in (("a", "manual", DESK), ("gone", "no-such-connector", AccountId("other"))):
            link = Connection(ConnectionId(id), name, of, trading.clock.now())
            definitions.put(session, Kind.CONNECTION, id, link, by="anna", at=trading.clock.now())
        (listed,) = list_accounts(session, trading.principal(), now=trading.clock.now())
        assert (listed.account, listed.connection) == (DESK, "binance")
        with pytest.raises(NoTradingError, match="takes orders"):
            keys.venue_of(session, AccountId("other"))
    (done,) = trading.run(request())
    assert done.state is OrderState.FILLED


@pytest.mark.parametrize("role", ["risk", "operator", "finance", "auditor"])
def test_others_enter_no_keys(trading: Trading, role: str) -> None:
    with trading.house.database.transaction(trading.tenant) as session, pytest.raises(ForbiddenError):
        keys.put_key(session, trading.house, trading.principal(role), DESK, KEY)
