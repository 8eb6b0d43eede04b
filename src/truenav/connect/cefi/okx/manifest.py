"""OKX v5: hosts, wallets and limits, as the venue documents them (requests per seconds and key)."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="okx",
    title="OKX",
    version="1",
    grade="gold",
    hosts={"api": "https://www.okx.com"},
    budgets=(
        Budget("time", 10, 2),
        Budget("instruments", 20, 2),
        Budget("marks", 10, 2),
        Budget("tickers", 20, 2),
        Budget("config", 5, 2, per="key"),
        Budget("balance", 10, 2, per="key"),
        Budget("positions", 10, 2, per="key"),
        Budget("orders", 60, 2, per="key"),
        Budget("fills", 60, 2, per="key"),
        Budget("fills-history", 10, 2, per="key"),
        Budget("bills", 5, 1, per="key"),
        Budget("bills-archive", 5, 2, per="key"),
        Budget("funding", 6, 1, per="key"),
        Budget("valuation", 1, 2, per="key"),
        Budget("deposits", 6, 1, per="key"),
        Budget("withdrawals", 6, 1, per="key"),
    ),
    wallets=("trading", "funding"),
    credentials=("key", "secret", "passphrase"),
    streams={"public": "wss://ws.okx.com:8443"},
)
