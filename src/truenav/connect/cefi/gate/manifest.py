"""Gate API v4: hosts, wallets, limits as the venue documents them (requests in ten seconds), and items."""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, not_done, read

_UNIFIED = "what orders lock and what is owed counted once; in a classic account each wallet by itself"

MANIFEST = Manifest(
    name="gate",
    title="Gate",
    version="1",
    grade="gold",
    hosts={"api": "https://api.gateio.ws"},
    budgets=(
        Budget("public", 200, 10),
        Budget("account", 80, 10, per="key"),
        Budget("wallet", 80, 10, per="key"),
        Budget("unified", 150, 10, per="key"),
        Budget("spot", 200, 10, per="key"),
        Budget("margin", 150, 10, per="key"),
        Budget("futures", 200, 10, per="key"),
        Budget("delivery", 150, 10, per="key"),
        Budget("options", 150, 10, per="key"),
        Budget("earn", 150, 10, per="key"),
    ),
    wallets=("spot", "unified", "futures"),
    more_wallets=("margin", "delivery", "options", "earn"),
    credentials=("key", "secret"),
    streams={"spot": "wss://api.gateio.ws", "futures": "wss://fx-ws.gateio.ws"},
    supplies=(
        read("balances.spot", "spot-accounts.json", Origin.OURS, _UNIFIED),
        read(
            "balances.margin",
            "margin-accounts.json",
            Origin.OURS,
            "isolated; cross margin is the unified account",
        ),
        read("balances.swap", "futures-accounts.json", Origin.OURS, "settled in USDT and in BTC"),
        read("balances.future", "delivery-accounts.json", Origin.OURS),
        read("balances.option", "options-account.json", Origin.OURS),
        read(
            "balances.funding",
            "spot-accounts.json",
            Origin.OURS,
            "the spot wallet is the funding wallet, too",
        ),
        read(
            "balances.earn",
            "lends.json",
            Origin.OURS,
            "lending (simple earn); no staking, fixed term or structured products",
        ),
        *(
            read(f"positions.{name}", "futures-positions.json", Origin.OURS)
            for name in ("linear", "inverse", "hedge", "isolated", "cross")
        ),
        read("positions.option", "options-positions.json", Origin.OURS),
        read("orders.open", "spot-orders.json", Origin.OURS, "kept as evidence; nothing is valued by them"),
        read("margin.collateral", "unified.json", Origin.OURS, "flags are kept as evidence"),
        *(
            read(f"margin.{name}", "unified.json", Origin.OURS, "of a unified account")
            for name in ("equity", "maintenance", "ratio")
        ),
        read("margin.tiers", "risk-limits.json", Origin.OURS, "kept as evidence, once a day"),
        read("borrowed", "unified.json", Origin.OURS, "and of isolated margin, with its interest"),
        read("history.fills", "spot-trades.json", Origin.OURS),
        read("history.funding", "futures-book.json", Origin.OURS),
        read("history.fees", "spot-trades.json", Origin.OURS, "in any coin, in GT and in points"),
        read("history.interest", "unified-interest.json", Origin.OURS),
        read(
            "history.ledger",
            "spot-book.json",
            Origin.OURS,
            "lines of unknown kinds are told and state nothing",
        ),
        read("history.deposits", "deposits.json", Origin.OURS),
        read("history.withdrawals", "withdrawals.json", Origin.OURS),
        read("history.internal", "spot-book.json", Origin.OURS),
        read("history.subaccounts", "spot-book.json", Origin.OURS),
        read("history.settlements", "settlements.json", Origin.OURS, "their cash by the account's lines"),
        read("history.liquidations", "futures-trades.json", Origin.OURS, "their trades are fills"),
        read("history.rewards", "lend-interest.json", Origin.OURS),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, "of spot and of perpetuals in USDT")
            for name in ("balances", "positions", "orders")
        ),
        *not_done("polled at each gathering", "live.prices"),
        read(
            "instruments", "futures-contracts.json", Origin.OURS, "terms of expired contracts by their names"
        ),
    ),
)
