"""A house that trades at the simulated venue, for products that are hedged there."""

from __future__ import annotations

import pytest
from tests.app.trading.conftest import (  # noqa: F401 - fixtures
    furnish_trading,
    trading,
    trading_database,
    trading_dsn,
)

from truenav.app.etp.live import follower
from truenav.app.etp.live.follower import TenantProducts

from .following import Following, Market


@pytest.fixture
def following(trading, monkeypatch) -> Following:  # noqa: F811
    """The follower of the tenant's products, without streams."""
    monkeypatch.setattr(follower, "LiveMarket", Market)
    return Following(trading, TenantProducts(trading.house, trading.tenant))
