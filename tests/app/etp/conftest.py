"""A house that trades at the simulated venue, for products that are hedged there."""

from __future__ import annotations

import pytest

from truenav.app.etp.live import follower
from truenav.app.etp.live.follower import TenantProducts

from .following import Following, Market


@pytest.fixture
def following(trading, monkeypatch) -> Following:
    """The follower of the tenant's products, without streams."""
    monkeypatch.setattr(follower, "LiveMarket", Market)
    return Following(trading, TenantProducts(trading.house, trading.tenant))
