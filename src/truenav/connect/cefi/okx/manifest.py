"""OKX v5: hosts, wallets, limits as the venue documents them (requests per seconds and key), and items."""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, not_done, read

_ONE_WALLET = "one wallet backs spot, margin, contracts and options"
_BEHIND = ("spot", "margin", "swap", "future", "option")
_POSITIONS = ("linear", "inverse", "option", "hedge", "cross")
_LIVE = "told as they change; the facts are read by request within seconds"

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
        Budget("tiers", 10, 2),
        Budget("books", 40, 2),
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
        Budget("savings", 6, 1, per="key"),
        Budget("stakes", 3, 1, per="key"),
        Budget("lending", 6, 1, per="key"),
        Budget("funding-bills", 6, 1, per="key"),
        Budget("funding-bills-history", 1, 1, per="key"),
    ),
    wallets=("trading", "funding", "earn"),
    credentials=("key", "secret", "passphrase"),
    streams={"public": "wss://ws.okx.com:8443"},
    supplies=(
        *(read(f"balances.{name}", "balance.json", Origin.OURS, _ONE_WALLET) for name in _BEHIND),
        read("balances.funding", "funding-balances.json", Origin.OURS),
        read(
            "balances.earn",
            "savings.json",
            Origin.OURS,
            "savings and on-chain products, no fixed terms",
        ),
        *(read(f"positions.{name}", "positions.json", Origin.OURS) for name in _POSITIONS),
        *not_done("profit counts; the margin kept in a position is told", "positions.isolated"),
        read("orders.open", "orders-pending.json", Origin.OURS, "kept as evidence, not valued"),
        read("margin.collateral", "balance.json", Origin.OURS, "flags are kept as evidence"),
        *(read(f"margin.{name}", "balance.json", Origin.OURS) for name in ("equity", "maintenance", "ratio")),
        read(
            "margin.tiers",
            "position-tiers.json",
            Origin.OURS,
            "of what is held, once a day; options have none",
        ),
        read("borrowed", "balance.json", Origin.OURS, "a negative balance; the liability says it again"),
        read("history.fills", "fills.json", Origin.OURS),
        read("history.fees", "fills.json", Origin.OURS),
        read("history.liquidations", "fills.json", Origin.OURS, "as fills, with their cash"),
        *(
            read(f"history.{name}", "bills.json", Origin.OURS)
            for name in ("funding", "interest", "ledger", "settlements")
        ),
        read("history.deposits", "deposits.json", Origin.OURS),
        read("history.withdrawals", "withdrawals.json", Origin.OURS),
        read("history.internal", "bills.json", Origin.OURS, "with earn products by bills of funding"),
        read("history.subaccounts", "funding-bills.json", Origin.OURS, "where the earn wallet is read"),
        read(
            "history.rewards",
            "lending.json",
            Origin.OURS,
            "of on-chain products by bills of funding",
        ),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-mark-price.json", Origin.OURS),
        read("instruments", "instruments.json", Origin.OURS, "terms of expired contracts by their names"),
    ),
)
