"""Keys and limits of an account: who may set them, and which are refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from truenav.app.house import House
from truenav.app.trading import service
from truenav.app.trading.limits import BadLimitsError, TradingLimits
from truenav.app.trading.service import NoTradingError
from truenav.connect.contract import Connector, Credentials
from truenav.connect.errors import KeyForbiddenError, KeyMayWithdrawError
from truenav.connect.transport import Transport
from truenav.core.failure import ForbiddenError, NotFoundError
from truenav.core.instrument import UnknownInstrumentError
from truenav.core.orders import OrderState
from truenav.store import audit, definitions
from truenav.store.definitions import Kind

from .conftest import DESK, LIMITS, NOW, D, Trading, request

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

        monkeypatch.setattr(service, "ask_once", ask)

    return of


def test_a_key_that_may_trade_is_kept_apart_and_encrypted(
    trading: Trading, asked_inside: Callable[[Trading], None]
) -> None:
    asked_inside(trading)
    with trading.house.database.transaction(trading.tenant) as session:
        trading.house.vault.delete(session, "trading/binance")
    with pytest.raises(NoTradingError, match="no trading key"):
        trading.run(request())
    with trading.house.database.transaction(trading.tenant) as session:
        service.put_key(session, trading.house, trading.principal("administrator"), DESK, KEY)
        assert json.loads(trading.house.vault.get(session, "trading/binance"))["secret"] == "s"
        assert trading.house.vault.names(session) == ("trading/binance",)
        (entry,) = [one for one in audit.entries(session) if one.action == "trade.key"]
        assert entry.detail == "{}"
    (done,) = trading.run(request())
    assert done.state is OrderState.FILLED


@pytest.mark.parametrize(
    ("rights", "refusal"),
    [('"read"', KeyForbiddenError), ('"read", "trade", "withdraw"', KeyMayWithdrawError)],
)
def test_a_key_that_may_withdraw_or_may_not_trade_is_not_kept(  # type: ignore[no-untyped-def]
    furnish_trading, asked_inside: Callable[[Trading], None], rights: str, refusal: type[Exception]
) -> None:
    trading = furnish_trading(rights=rights)
    asked_inside(trading)
    with trading.house.database.transaction(trading.tenant) as session:
        trading.house.vault.delete(session, "trading/binance")
        with pytest.raises(refusal):
            service.put_key(session, trading.house, trading.principal("manager"), DESK, KEY)
        assert trading.house.vault.names(session) == ()


@pytest.mark.parametrize("role", ["risk", "operator", "finance", "auditor"])
def test_others_enter_no_keys(trading: Trading, role: str) -> None:
    with trading.house.database.transaction(trading.tenant) as session, pytest.raises(ForbiddenError):
        service.put_key(session, trading.house, trading.principal(role), DESK, KEY)


def test_limits_are_versions_and_audited(trading: Trading) -> None:
    tight = replace(LIMITS, order_notional=D(1))
    with trading.house.database.transaction(trading.tenant) as session:
        assert service.put_limits(session, trading.house, trading.principal("risk"), tight) == 2
        before, now = definitions.history(session, Kind.TRADING_LIMITS, DESK, TradingLimits)
        assert (before.body, now.body, now.created_by) == (LIMITS, tight, "anna")
        (entry,) = [one for one in audit.entries(session) if one.action == "trade.limit"]
        assert json.loads(entry.detail)["version"] == 2


@pytest.mark.parametrize(
    "change", [{"order_notional": D(0)}, {"day_notional": D(-1)}, {"collar": D(0)}, {"collar": D(1)}]
)
def test_limits_that_limit_nothing_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadLimitsError):
        replace(LIMITS, **change)  # type: ignore[arg-type]


def test_limits_name_an_account_and_instruments_that_exist(trading: Trading) -> None:
    risk = trading.principal("risk")
    with trading.house.database.transaction(trading.tenant) as session:
        with pytest.raises(NotFoundError):
            service.put_limits(session, trading.house, risk, replace(LIMITS, account="other"))  # type: ignore[arg-type]
        foo = replace(LIMITS, instruments=("binance-usdm:FOO",))  # type: ignore[arg-type]
        with pytest.raises(UnknownInstrumentError):
            service.put_limits(session, trading.house, risk, foo)


def test_orders_are_listed_to_who_may_see_them(trading: Trading) -> None:
    done = trading.run(request())
    with trading.house.database.transaction(trading.tenant) as session:
        assert list(service.list_orders(session, trading.principal("auditor"), DESK, since=NOW)) == done
        with pytest.raises(ForbiddenError):
            service.list_orders(session, trading.principal("investor"), DESK, since=NOW)
