"""HTX: hosts, wallets, limits as the venue documents them, and items."""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, absent, not_done, read

_CONTRACTS = "USDT-margined contracts, coin-margined swaps and futures, each by itself"
_LIVE = "its streams tell that they changed, requests tell what they are"
_POSITIONS = ("linear", "inverse", "hedge", "cross")

MANIFEST = Manifest(
    name="htx",
    title="HTX",
    version="1",
    grade="gold",
    hosts={"spot": "https://api.huobi.pro", "contract": "https://api.hbdm.com"},
    budgets=(
        Budget("market", 100, 5),
        Budget("contract-market", 200, 3),
        Budget("spot", 20, 2, per="key"),
        Budget("ledger", 5, 2, per="key"),
        Budget("contract", 120, 3, per="key"),
        Budget("contract-trades", 60, 3, per="key"),
    ),
    wallets=("spot", "usdtm"),
    more_wallets=("coinswap", "coinfutures", "cross", "isolated", "otc"),
    credentials=("key", "secret"),
    streams={"spot": "wss://api.huobi.pro", "contract": "wss://api.hbdm.com"},
    supplies=(
        read("balances.spot", "spot-balance.json", Origin.OURS),
        read("balances.margin", "cross-balance.json", Origin.OURS, "cross and isolated"),
        read("balances.swap", "usdtm-balance.json", Origin.OURS, _CONTRACTS),
        read("balances.future", "coinfutures-accounts.json", Origin.OURS, _CONTRACTS),
        *absent("the venue lists no options", "balances.option", "positions.option"),
        read("balances.funding", "otc-balance.json", Origin.OURS, "the account of trades with people"),
        *not_done("the venue's interface does not tell them", "balances.earn", "history.rewards"),
        *(read(f"positions.{name}", "usdtm-positions.json", Origin.OURS, _CONTRACTS) for name in _POSITIONS),
        *not_done(
            "of USDT-margined contracts the venue does not say whether equity counts isolated margin: a "
            "wallet that holds some is refused",
            "positions.isolated",
        ),
        read("orders.open", "spot-orders.json", Origin.OURS, "of spot and USDT-margined, kept as evidence"),
        read("margin.collateral", "usdtm-balance.json", Origin.OURS, "coins of the multi-assets mode"),
        *(
            read(f"margin.{name}", "usdtm-balance.json", Origin.OURS, "of USDT-margined contracts, evidence")
            for name in ("equity", "maintenance")
        ),
        read("margin.ratio", "usdtm-balance.json", Origin.OURS, "of USDT-margined contracts"),
        read(
            "margin.tiers",
            "usdtm-tiers.json",
            Origin.OURS,
            "of held USDT-margined perpetuals, once a day, evidence; of coin-margined contracts there is a "
            "rate for each leverage that was chosen, and no table",
        ),
        read("borrowed", "cross-balance.json", Origin.OURS, "with the interest on it"),
        read(
            "history.fills",
            "spot-fills.json",
            Origin.OURS,
            "of 120 days; of USDT-margined contracts of three",
        ),
        read("history.funding", "usdtm-bills.json", Origin.OURS),
        read("history.fees", "spot-fills.json", Origin.OURS, "in any coin; of contracts by their records"),
        read("history.interest", "cross-repayments.json", Origin.OURS, "as it is repaid"),
        *not_done(
            "of spot it is told in windows of one hour; transfers are read from the ledger of transfers, "
            "deposits, trades and interest from their own records",
            "history.ledger",
        ),
        read("history.deposits", "deposits.json", Origin.OURS),
        read("history.withdrawals", "withdrawals.json", Origin.OURS),
        read("history.internal", "spot-transfers.json", Origin.OURS, "each wallet's side by its own ledger"),
        read("history.subaccounts", "spot-transfers.json", Origin.OURS, "as any transfer"),
        read("history.settlements", "coinswap-records.json", Origin.OURS, "their cash"),
        read("history.liquidations", "coinswap-records.json", Origin.OURS, "of contracts"),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-mark.json", Origin.OURS, "last prices of pairs, marks of contracts"),
        read("instruments", "usdtm-contracts.json", Origin.OURS, "terms of delivered futures by their names"),
    ),
)
