"""Bybit v5: hosts, wallets, limits as the venue documents them (requests a second and account), and items."""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, read

_ONE_WALLET = "one wallet backs spot, margin, contracts and options"
_BEHIND = ("spot", "margin", "swap", "future", "option")
_POSITIONS = ("linear", "inverse", "option", "hedge", "isolated", "cross")
_LIVE = "of the unified account, told as they change; the facts are read by request within seconds"

MANIFEST = Manifest(
    name="bybit",
    title="Bybit",
    version="1",
    grade="gold",
    hosts={"api": "https://api.bybit.com"},
    budgets=(
        Budget("address", 550, 5),
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
    supplies=(
        *(read(f"balances.{name}", "wallet.json", Origin.OURS, _ONE_WALLET) for name in _BEHIND),
        read("balances.funding", "funding-balances.json", Origin.OURS),
        read("balances.earn", "earn-positions.json", Origin.OURS, "flexible savings and on-chain products"),
        *(read(f"positions.{name}", "positions.json", Origin.OURS) for name in _POSITIONS),
        read("orders.open", "orders.json", Origin.OURS, "kept as evidence; nothing is valued by them"),
        read("margin.collateral", "wallet.json", Origin.OURS, "flags are kept as evidence"),
        *(read(f"margin.{name}", "wallet.json", Origin.OURS) for name in ("equity", "maintenance", "ratio")),
        read(
            "margin.tiers", "risk-limit.json", Origin.OURS, "of what is held, once a day; options have none"
        ),
        read("borrowed", "wallet.json", Origin.OURS, "spotBorrow; debt of contracts is a negative balance"),
        read("history.fills", "executions.json", Origin.OURS, "of spot; of contracts by the transaction log"),
        read("history.funding", "log.json", Origin.OURS),
        read("history.fees", "executions.json", Origin.OURS, "in any coin, with taxes"),
        *(
            read(f"history.{name}", "log.json", Origin.OURS)
            for name in ("interest", "ledger", "liquidations")
        ),
        read("history.deposits", "deposits.json", Origin.OURS, "from chains and from other accounts"),
        read("history.withdrawals", "withdrawals.json", Origin.OURS),
        read("history.internal", "transfers.json", Origin.OURS),
        read("history.subaccounts", "universal-transfers.json", Origin.OURS),
        read("history.settlements", "deliveries.json", Origin.OURS, "with cash by the transaction log"),
        read("history.rewards", "funding-history.json", Origin.OURS),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-linear.json", Origin.OURS),
        read("instruments", "instruments.json", Origin.OURS, "terms of expired contracts by their names"),
    ),
)
