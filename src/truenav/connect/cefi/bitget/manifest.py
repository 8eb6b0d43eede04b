"""Bitget v2: hosts, wallets, limits as the venue documents them (requests a second), and items."""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, absent, not_done, read

_FUTURES = "each product by itself: USDT-M, USDC-M, COIN-M"
_LIVE = "its stream tells that they changed, requests tell what they are"
_POSITIONS = ("linear", "inverse", "hedge", "isolated", "cross")

MANIFEST = Manifest(
    name="bitget",
    title="Bitget",
    version="1",
    grade="gold",
    hosts={"api": "https://api.bitget.com"},
    budgets=(
        Budget("address", 95, 1),
        Budget("market", 18, 1),
        Budget("account", 1, 1, per="key"),
        Budget("overview", 1, 1, per="key"),
        Budget("tax", 1, 1, per="key"),
        Budget("positions", 5, 1, per="key"),
        Budget("private", 10, 1, per="key"),
    ),
    wallets=("spot", "usdtm", "usdcm", "coinm"),
    more_wallets=("cross", "isolated", "funding", "earn"),
    credentials=("key", "secret", "passphrase"),
    streams={"public": "wss://ws.bitget.com"},
    supplies=(
        read("balances.spot", "spot-assets.json", Origin.OURS),
        read("balances.margin", "cross-assets.json", Origin.OURS, "cross and isolated"),
        *(
            read(f"balances.{name}", "usdtm-accounts.json", Origin.OURS, _FUTURES)
            for name in ("swap", "future")
        ),
        *absent("the venue lists no options", "balances.option", "positions.option"),
        read("balances.funding", "funding-assets.json", Origin.OURS),
        read("balances.earn", "earn-assets.json", Origin.OURS, "all earn products together"),
        *(read(f"positions.{name}", "usdtm-positions.json", Origin.OURS, _FUTURES) for name in _POSITIONS),
        read("orders.open", "spot-orders.json", Origin.OURS, "of spot and futures, kept as evidence"),
        read("margin.collateral", "usdtm-accounts-union.json", Origin.OURS, "coins of the multi-assets mode"),
        read("margin.equity", "usdtm-accounts.json", Origin.OURS, "of each product, kept as evidence"),
        *not_done("the venue tells a ratio, and of each position a rate", "margin.maintenance"),
        read("margin.ratio", "usdtm-accounts.json", Origin.OURS, "of futures in cross margin"),
        read("margin.tiers", "usdtm-tiers.json", Origin.OURS, "of held contracts, once a day, as evidence"),
        read("borrowed", "cross-assets.json", Origin.OURS, "with the interest on it"),
        read("history.fills", "spot-fills.json", Origin.OURS, "of 90 days"),
        read("history.funding", "usdtm-bills.json", Origin.OURS),
        read("history.fees", "usdtm-fills.json", Origin.OURS, "in any coin"),
        read("history.interest", "cross-interest.json", Origin.OURS, "of futures by their bills"),
        read("history.ledger", "spot-bills.json", Origin.OURS, "of 90 days"),
        read("history.deposits", "deposits.json", Origin.OURS, "from chains and from other accounts"),
        read("history.withdrawals", "withdrawals.json", Origin.OURS),
        read("history.internal", "spot-bills.json", Origin.OURS, "each wallet's side by its own ledger"),
        read(
            "history.subaccounts",
            "spot-bills.json",
            Origin.OURS,
            "as any transfer; the other end is not told",
        ),
        read("history.settlements", "coinm-fills.json", Origin.OURS, "deliveries, as fills of that kind"),
        read("history.liquidations", "usdtm-fills.json", Origin.OURS, "as fills of that kind"),
        read("history.rewards", "spot-bills.json", Origin.OURS),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-usdtm.json", Origin.OURS),
        read("instruments", "usdtm-contracts.json", Origin.OURS, "terms of delivered futures by their names"),
    ),
)
