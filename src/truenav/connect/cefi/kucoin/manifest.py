"""KuCoin: hosts, wallets, limits as the venue documents them (weights in thirty seconds), and items."""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, not_done, read

_SESSION = "the venue adds up profit, fees and funding of a contract over each session of eight hours"

MANIFEST = Manifest(
    name="kucoin",
    title="KuCoin",
    version="1",
    grade="gold",
    hosts={"spot": "https://api.kucoin.com", "futures": "https://api-futures.kucoin.com"},
    budgets=(
        Budget("public", 2000, 30),
        Budget("management", 2000, 30, per="key"),
        Budget("spot", 4000, 30, per="key"),
        Budget("futures", 2000, 30, per="key"),
        Budget("earn", 2000, 30, per="key"),
    ),
    wallets=("main", "trade", "futures"),
    more_wallets=("margin", "isolated", "earn"),
    credentials=("key", "secret", "passphrase"),
    streams={"spot": "wss://ws-api-spot.kucoin.com", "futures": "wss://ws-api-futures.kucoin.com"},
    supplies=(
        read("balances.spot", "accounts.json", Origin.OURS, "the trade account"),
        read("balances.margin", "margin-accounts.json", Origin.OURS, "cross; isolated by itself"),
        read("balances.swap", "futures-accounts.json", Origin.OURS, "one account for each settlement coin"),
        read("balances.future", "futures-accounts.json", Origin.OURS, "the same accounts"),
        *not_done("option accounts are not read", "balances.option", "positions.option"),
        read("balances.funding", "accounts.json", Origin.OURS, "the main account"),
        read("balances.earn", "earn-holdings.json", Origin.OURS, "staking and savings; no lending orders"),
        *(
            read(f"positions.{name}", "positions.json", Origin.OURS)
            for name in ("linear", "inverse", "hedge", "isolated", "cross")
        ),
        read("orders.open", "orders.json", Origin.OURS, "of futures, kept as evidence"),
        *not_done("only classic accounts are read", "margin.collateral", "margin.equity"),
        read("margin.maintenance", "positions.json", Origin.OURS, "kept as evidence"),
        read("margin.ratio", "futures-accounts.json", Origin.OURS, "of cross margin in futures"),
        read(
            "margin.tiers",
            "risk-limits.json",
            Origin.OURS,
            "of held contracts in isolated margin, once a day, evidence; cross margin has a formula instead",
        ),
        read("borrowed", "margin-accounts.json", Origin.OURS, "principal and interest, counted once"),
        read("history.fills", "fills.json", Origin.OURS, "of markets that the ledgers name"),
        *not_done(_SESSION, "history.funding"),
        read(
            "history.fees",
            "fills.json",
            Origin.OURS,
            "of spot in any coin; of contracts in the session's profit",
        ),
        read("history.interest", "interest.json", Origin.OURS),
        read("history.ledger", "ledger.json", Origin.OURS, "three days of the trade and margin accounts"),
        read("history.deposits", "deposits.json", Origin.OURS),
        read("history.withdrawals", "withdrawals.json", Origin.OURS),
        read("history.internal", "ledger.json", Origin.OURS),
        read("history.subaccounts", "ledger.json", Origin.OURS),
        read(
            "history.settlements",
            "futures-ledger.json",
            Origin.OURS,
            "fills close, the session's profit pays",
        ),
        read("history.liquidations", "futures-fills.json", Origin.OURS, "their trades are fills"),
        read("history.rewards", "ledger.json", Origin.OURS),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, "of spot, margin and futures")
            for name in ("balances", "positions", "orders")
        ),
        *not_done("polled at each gathering", "live.prices"),
        read("instruments", "contracts.json", Origin.OURS),
    ),
)
