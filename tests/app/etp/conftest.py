"""A house that trades at the simulated venue, for products that are hedged there."""

from __future__ import annotations

from tests.app.trading.conftest import (  # noqa: F401 - fixtures
    furnish_trading,
    trading,
    trading_database,
    trading_dsn,
)
