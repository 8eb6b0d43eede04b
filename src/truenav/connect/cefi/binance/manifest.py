"""Binance: hosts, wallets and limits, as the venue documents them."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="binance",
    title="Binance",
    version="1",
    grade="gold",
    hosts={
        "spot": "https://api.binance.com",
        "usdm": "https://fapi.binance.com",
        "coinm": "https://dapi.binance.com",
    },
    budgets=(
        Budget("spot", 6000, 60),
        Budget("usdm", 2400, 60),
        Budget("coinm", 2400, 60),
        Budget("wallet", 12000, 60),
    ),
    wallets=("spot", "usdm", "coinm"),
    credentials=("key", "secret"),
    streams={
        "spot": "wss://stream.binance.com:9443",
        "usdm": "wss://fstream.binance.com",
        "coinm": "wss://dstream.binance.com",
    },
)
