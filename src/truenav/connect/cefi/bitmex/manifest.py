"""BitMEX v1: hosts, wallet, limits as the venue documents them, and what is read of it.

Requests with a key have 120 a minute of its owner, those without 30 a minute of the address.
"""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, absent, read

_BALANCES = "balances.json"
_POSITIONS = "positions.json"
_EXECUTIONS = "executions.json"
_LEDGER = "wallet-history.json"
_LIVE = "its stream tells that they changed, requests tell what they are"

MANIFEST = Manifest(
    name="bitmex",
    title="BitMEX",
    version="1",
    grade="gold",
    hosts={"api": "https://www.bitmex.com"},
    budgets=(
        Budget("public", 30, 60),
        Budget("private", 120, 60, per="key"),
    ),
    wallets=("main",),
    credentials=("key", "secret"),
    streams={"public": "wss://ws.bitmex.com"},
    supplies=(
        read("balances.spot", _BALANCES, Origin.OURS, "one wallet for everything"),
        *absent("spot is traded from the one wallet, without borrowing", "balances.margin"),
        read("balances.swap", _BALANCES, Origin.OURS),
        read("balances.future", _BALANCES, Origin.OURS),
        *absent("no options are listed", "balances.option"),
        *absent("deposits arrive in the one wallet", "balances.funding"),
        *absent("staked coins stay in the one wallet", "balances.earn"),
        read("positions.linear", _POSITIONS, Origin.OURS, "also those of quanto contracts"),
        read("positions.inverse", _POSITIONS, Origin.OURS),
        *absent("no options are listed", "positions.option"),
        read("positions.hedge", _POSITIONS, Origin.OURS, "a line for each strategy"),
        read("positions.isolated", _POSITIONS, Origin.OURS),
        read("positions.cross", _POSITIONS, Origin.OURS),
        read("orders.open", "orders.json", Origin.OURS, "kept as evidence"),
        read("margin.collateral", _BALANCES, Origin.OURS, "marginBalance by currency"),
        read("margin.equity", _BALANCES, Origin.OURS, "walletBalance and open profit, each counted once"),
        read("margin.maintenance", _BALANCES, Origin.OURS),
        read("margin.ratio", _BALANCES, Origin.OURS, "maintenance margin by margin balance, the worst one"),
        read("margin.tiers", "instruments.json", Origin.OURS, "kept as evidence with the contract's terms"),
        *absent("nothing is lent", "borrowed"),
        read("history.fills", _EXECUTIONS, Origin.OURS),
        read("history.funding", _EXECUTIONS, Origin.OURS),
        read("history.fees", _EXECUTIONS, Origin.OURS),
        *absent("nothing is lent", "history.interest"),
        read("history.ledger", _LEDGER, Origin.OURS, "each balance must follow from the one before"),
        read("history.deposits", _LEDGER, Origin.OURS),
        read("history.withdrawals", _LEDGER, Origin.OURS),
        *absent("an account has one wallet", "history.internal"),
        read("history.subaccounts", _LEDGER, Origin.OURS),
        read("history.settlements", _EXECUTIONS, Origin.OURS),
        read("history.liquidations", _EXECUTIONS, Origin.OURS, "their trades are fills"),
        read("history.rewards", _LEDGER, Origin.OURS),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-instrument.json", Origin.OURS, "marks, and last prices of pairs"),
        read("instruments", "instruments.json", Origin.OURS, "settled and delisted ones stay"),
    ),
)
