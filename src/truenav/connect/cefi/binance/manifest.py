"""Binance: hosts, wallets and limits, as the venue documents them, and items."""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, read

_ISOLATED = "cross margin; isolated pairs together are a wallet of their own"
_LIVE = "of spot, cross margin and futures, told as they change; the facts are read by request within seconds"

MANIFEST = Manifest(
    name="binance",
    title="Binance",
    version="1",
    grade="gold",
    hosts={
        "spot": "https://api.binance.com",
        "usdm": "https://fapi.binance.com",
        "coinm": "https://dapi.binance.com",
        "options": "https://eapi.binance.com",
        "portfolio": "https://papi.binance.com",
    },
    budgets=(
        Budget("spot", 6000, 60),
        Budget("usdm", 2400, 60),
        Budget("coinm", 2400, 60),
        Budget("options", 400, 60),
        Budget("portfolio", 6000, 60),
        Budget("wallet", 12000, 60),
        Budget("account", 180_000, 60, per="key"),
    ),
    wallets=("spot", "usdm", "coinm", "margin"),
    more_wallets=("funding", "earn", "options", "isolated", "portfolio"),
    credentials=("key", "secret"),
    streams={
        "spot": "wss://stream.binance.com:9443",
        "usdm": "wss://fstream.binance.com",
        "coinm": "wss://dstream.binance.com",
        "account": "wss://ws-api.binance.com:443",
    },
    supplies=(
        read("balances.spot", "spot-account.json", Origin.OURS),
        read("balances.margin", "margin-account.json", Origin.DOCUMENTED, _ISOLATED),
        read("borrowed", "margin-account.json", Origin.DOCUMENTED, "taken off the balance with its interest"),
        read("history.interest", "margin-interest.json", Origin.OURS),
        read("balances.swap", "usdm-account.json", Origin.OURS, "USD-M; COIN-M in a wallet of its own"),
        read("balances.future", "coinm-account.json", Origin.OURS, "in the wallets of the perpetuals"),
        read("balances.option", "options-account.json", Origin.OURS, "premiums paid and received are in it"),
        read("positions.option", "options-positions.json", Origin.OURS),
        read("balances.funding", "funding-account.json", Origin.OURS),
        read("balances.earn", "earn-positions.json", Origin.DOCUMENTED, "Simple Earn, flexible and locked"),
        read("history.rewards", "earn-rewards.json", Origin.DOCUMENTED, "kept; paid out: dividends"),
        read("positions.linear", "usdm-account.json", Origin.OURS),
        read("positions.inverse", "coinm-account.json", Origin.OURS, "in contracts of a fixed value in USD"),
        *(read(f"positions.{one}", "coinm-account.json", Origin.OURS) for one in ("hedge", "isolated")),
        read("positions.cross", "usdm-account.json", Origin.OURS),
        read("orders.open", "coinm-open-orders.json", Origin.DOCUMENTED, "kept as evidence"),
        read("margin.collateral", "usdm-account.json", Origin.OURS, "flags are kept as evidence"),
        read("margin.equity", "portfolio-balances.json", Origin.OURS, "of an account in portfolio margin"),
        read("margin.maintenance", "usdm-account.json", Origin.OURS),
        read(
            "margin.ratio", "coinm-account.json", Origin.OURS, "of COIN-M the coin's nearest to liquidation"
        ),
        read("margin.tiers", "usdm-brackets.json", Origin.DOCUMENTED, "kept as evidence, once a day"),
        read("history.fills", "coinm-trades.json", Origin.OURS, "with the tags of their orders"),
        read("history.funding", "coinm-income.json", Origin.OURS),
        read("history.fees", "spot-trades.json", Origin.OURS, "in any coin"),
        read("history.ledger", "usdm-income.json", Origin.OURS, "of futures and options; spot has none"),
        read("history.deposits", "deposits.json", Origin.OURS),
        read("history.withdrawals", "withdrawals.json", Origin.OURS),
        read("history.internal", "transfers-coinm.json", Origin.OURS, "between all wallets that are read"),
        read("history.subaccounts", "sub-universal.json", Origin.OURS, "as a master and as a sub-account"),
        read(
            "history.settlements",
            "coinm-income.json",
            Origin.OURS,
            "a delivery is a fill and its cash",
        ),
        read("history.liquidations", "usdm-income.json", Origin.OURS, "their fills are trades like others"),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-coinm.json", Origin.OURS),
        read("instruments", "coinm-exchange-info.json", Origin.DOCUMENTED, "delivered ones by their names"),
    ),
)
