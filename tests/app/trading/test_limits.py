"""Limits of accounts: who may set them, and which are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from truenav.app.trading.catalogues import LIMITS as TRADING_LIMITS
from truenav.app.trading.limits import BadLimitsError, TradingLimits
from truenav.core.failure import NotFoundError
from truenav.core.instrument import UnknownInstrumentError
from truenav.core.orders import OrderState, Reason
from truenav.store import audit, definitions
from truenav.store.definitions import Kind

from .desk import DESK, LIMITS, D, Trading, request


def test_limits_are_versions_and_audited(trading: Trading) -> None:
    tight = replace(LIMITS, order_notional=D(1))
    with trading.house.database.transaction(trading.tenant) as session:
        TRADING_LIMITS.put(session, trading.house, trading.principal("risk"), tight)
        before, now = definitions.history(session, Kind.TRADING_LIMITS, DESK, TradingLimits)
        assert (before.body, now.body, now.created_by) == (LIMITS, tight, "anna")
        (entry,) = [one for one in audit.entries(session) if one.action == "trading_limits.put"]
        assert '"version":2' in entry.detail


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
            TRADING_LIMITS.put(session, trading.house, risk, replace(LIMITS, account="other"))  # type: ignore[arg-type]
        foo = replace(LIMITS, instruments=("binance-usdm:FOO",))  # type: ignore[arg-type]
        with pytest.raises(UnknownInstrumentError):
            TRADING_LIMITS.put(session, trading.house, risk, foo)


def test_without_limits_an_account_only_reduces(trading: Trading) -> None:
    trading.run(request())
    with trading.house.database.transaction(trading.tenant) as session:
        TRADING_LIMITS.delete(session, trading.house, trading.principal("risk"), DESK)
    more, less = trading.run(request(1), request(2, "0.2", "sell", reduce_only=True))  # type: ignore[arg-type]
    assert (more.state, more.reason) == (OrderState.REJECTED, Reason.LIMITER_DOWN)
    assert (less.state, less.filled) == (OrderState.FILLED, D("0.2"))
