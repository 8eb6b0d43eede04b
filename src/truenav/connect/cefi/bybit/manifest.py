"""Bybit v5: hosts, wallets, limits as the venue documents them (requests a second and account), and items."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="bybit",
    title="Bybit",
    version="1",
    grade="gold",
    hosts={"api": "https://api.bybit.com"},
    budgets=(
        Budget("market", 500, 5),
        Budget("key", 10, 1, per="key"),
        Budget("account", 10, 1, per="key"),
        Budget("wallet", 50, 1, per="key"),
        Budget("positions", 10, 1, per="key"),
        Budget("orders", 10, 1, per="key"),
        Budget("coins", 2, 1, per="key"),
        Budget("overview", 5, 1, per="key"),
        Budget("earn", 10, 1, per="key"),
        Budget("log", 30, 1, per="key"),
        Budget("executions", 10, 1, per="key"),
        Budget("deliveries", 10, 1, per="key"),
        Budget("deposits", 5, 1, per="key"),
        Budget("internal", 5, 1, per="key"),
        Budget("withdrawals", 5, 1, per="key"),
        Budget("transfers", 1, 1, per="key"),
        Budget("universal", 2, 1, per="key"),
        Budget("funding-history", 5, 1, per="key"),
        Budget("yields", 10, 1, per="key"),
    ),
    wallets=("unified", "funding", "earn"),
    credentials=("key", "secret"),
    streams={"public": "wss://stream.bybit.com"},
    supplies=(),
)
