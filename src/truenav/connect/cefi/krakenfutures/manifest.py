"""Kraken Futures: hosts, wallets, limits as the venue documents them (tokens of an account), and items."""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, absent, not_done, read

_ACCOUNTS, _LOG, _POSITIONS = "accounts.json", "log.json", "positions-documented.json"
_SPOT = "spot is another venue with keys of its own: kraken"
_LIVE = "told by each new line of the log; the facts are read by request within seconds"
_OPTIONS = "what is known of its options is told, not read"

MANIFEST = Manifest(
    name="krakenfutures",
    title="Kraken Futures",
    version="1",
    grade="gold",
    hosts={"api": "https://futures.kraken.com"},
    budgets=(
        Budget("public", 100, 10),
        Budget("private", 450, 10, per="key"),
        Budget("history", 90, 600, per="key"),
    ),
    wallets=("flex", "cash", "single"),
    credentials=("key", "secret"),
    streams={"public": "wss://futures.kraken.com"},
    supplies=(
        *absent(_SPOT, "balances.spot", "balances.margin", "balances.earn"),
        read("balances.swap", _ACCOUNTS, Origin.OURS, "flex: one collateral; single: each coin by itself"),
        read("balances.future", _ACCOUNTS, Origin.OURS, "the same"),
        *not_done(_OPTIONS, "balances.option"),
        read("balances.funding", _ACCOUNTS, Origin.OURS, "the cash account"),
        read("positions.linear", _POSITIONS, Origin.DOCUMENTED),
        read("positions.inverse", _POSITIONS, Origin.DOCUMENTED),
        *not_done(_OPTIONS, "positions.option"),
        *absent("a contract is held one way", "positions.hedge"),
        read(
            "positions.isolated",
            _POSITIONS,
            Origin.DOCUMENTED,
            "the margin stays in the flex account's balance",
        ),
        read("positions.cross", _POSITIONS, Origin.DOCUMENTED),
        read("orders.open", "orders.json", Origin.OURS, "kept as evidence; nothing is valued by them"),
        read("margin.collateral", _ACCOUNTS, Origin.OURS, "values after the haircut are kept as evidence"),
        *(read(f"margin.{name}", _ACCOUNTS, Origin.OURS) for name in ("equity", "maintenance", "ratio")),
        read("margin.tiers", "instruments.json", Origin.OURS, "kept as evidence with the contract's terms"),
        read("borrowed", _ACCOUNTS, Origin.OURS, "a negative quantity"),
        read("history.fills", _LOG, Origin.OURS, "with the orders of the list of fills"),
        read("history.funding", _LOG, Origin.OURS),
        read("history.fees", _LOG, Origin.OURS),
        read("history.interest", _LOG, Origin.OURS),
        read("history.ledger", _LOG, Origin.OURS),
        *absent("coins enter and leave through Kraken spot", "history.deposits", "history.withdrawals"),
        read("history.internal", _LOG, Origin.OURS, "between the accounts, and with Kraken spot"),
        read("history.subaccounts", _LOG, Origin.OURS),
        read("history.settlements", _LOG, Origin.OURS),
        read("history.liquidations", _LOG, Origin.OURS, "as fills, with assignments and unwinding"),
        *absent(_SPOT, "history.rewards"),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-ticker.json", Origin.OURS),
        read("instruments", "instruments.json", Origin.OURS, "terms of expired contracts by their names"),
    ),
)
