"""Coinbase Advanced Trade: hosts, wallets, limits as the venue documents them, and items."""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, absent, not_done, read

_LIVE = "as orders change; the facts are read by request within seconds, other movements are polled"
_NETTED = "one position a contract, margined by the futures account as a whole"

MANIFEST = Manifest(
    name="coinbase",
    title="Coinbase Advanced",
    version="1",
    grade="gold",
    hosts={"api": "https://api.coinbase.com"},
    budgets=(
        Budget("public", 10, 1),
        Budget("private", 30, 1, per="key"),
        Budget("ledger", 10_000, 3600, per="key"),
    ),
    wallets=("spot", "futures", "earn"),
    credentials=("key", "secret"),
    streams={
        "public": "wss://advanced-trade-ws.coinbase.com",
        "private": "wss://advanced-trade-ws-user.coinbase.com",
    },
    supplies=(
        read("balances.spot", "accounts.json", Origin.OURS, "all accounts of the key's portfolio"),
        *absent("Coinbase lends nothing for trades on margin", "balances.margin", "history.interest"),
        read("balances.swap", "futures-balance.json", Origin.OURS, "perpetual-style US futures"),
        read("balances.future", "futures-balance.json", Origin.OURS),
        *absent("international contracts left for another gateway in October 2026", "balances.option"),
        *absent("every account trades; there is no wallet apart", "balances.funding"),
        read("balances.earn", "portfolio.json", Origin.OURS, "as told: to about eight digits"),
        read("positions.linear", "futures-positions.json", Origin.OURS),
        *absent("US futures are settled in dollars", "positions.inverse", "positions.option"),
        *absent(_NETTED, "positions.hedge", "positions.isolated"),
        read("positions.cross", "futures-positions.json", Origin.OURS),
        read("orders.open", "orders.json", Origin.OURS, "kept as evidence; nothing is valued by them"),
        read("margin.collateral", "futures-balance.json", Origin.OURS, "kept as evidence"),
        read("margin.equity", "futures-balance.json", Origin.OURS, "kept as evidence"),
        read("margin.maintenance", "futures-balance.json", Origin.OURS, "the liquidation threshold"),
        read("margin.ratio", "futures-balance.json", Origin.OURS),
        *absent("each contract has one rate by day and one by night", "margin.tiers"),
        *not_done("loans against coins stand outside of the accounts; enter them as payables", "borrowed"),
        read("history.fills", "fills.json", Origin.OURS, "of pairs and of futures"),
        *not_done(
            "no list tells it: the futures wallet's cash holds it, and its window shows it",
            "history.funding",
            "history.settlements",
        ),
        read("history.fees", "fills.json", Origin.OURS, "always in the quote asset"),
        *(
            read(f"history.{name}", "transactions.json", Origin.OURS)
            for name in ("ledger", "deposits", "withdrawals", "internal", "subaccounts", "rewards")
        ),
        read("history.liquidations", "fills.json", Origin.OURS, "as the fills that they are"),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-ticker.json", Origin.OURS),
        read("instruments", "products.json", Origin.OURS, "with expired contracts"),
    ),
)
