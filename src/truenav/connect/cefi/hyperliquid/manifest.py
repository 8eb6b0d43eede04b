"""Hyperliquid: host, wallets, limits as the venue documents them, and what is read of it.

Nobody needs a key: an account is an address, and everything about it is public. All requests from one place
share a weight of 1,200 a minute.
"""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, absent, read

_STATE = "balances.json"
_FILLS = "fills.json"
_LEDGER = "ledger.json"
_LIVE = "its stream tells that they changed, requests tell what they are"

MANIFEST = Manifest(
    name="hyperliquid",
    title="Hyperliquid",
    version="1",
    grade="gold",
    hosts={"api": "https://api.hyperliquid.xyz"},
    budgets=(Budget("weight", 1200, 60),),
    wallets=("main",),
    more_wallets=("staking", "vaults"),
    credentials=("key",),
    streams={"public": "wss://api.hyperliquid.xyz"},
    supplies=(
        read("balances.spot", _STATE, Origin.OURS, "one wallet for spot and perpetuals"),
        *absent("spot is traded from the one wallet", "balances.margin"),
        read("balances.swap", _STATE, Origin.OURS, "markets of other builders (HIP-3) are named, not read"),
        *absent("no dated futures are listed", "balances.future"),
        *absent("no options are listed", "balances.option"),
        *absent("deposits arrive in the one wallet", "balances.funding"),
        read("balances.earn", "staking.json", Origin.OURS, "staked HYPE; vaults by their equity"),
        read("positions.linear", _STATE, Origin.OURS),
        *absent("everything is settled in dollars", "positions.inverse"),
        *absent("no options are listed", "positions.option"),
        *absent("one position a market", "positions.hedge"),
        read("positions.isolated", _STATE, Origin.OURS, "its margin is in the account's value"),
        read("positions.cross", _STATE, Origin.OURS),
        read("orders.open", "orders.json", Origin.OURS, "kept as evidence"),
        read("margin.collateral", _STATE, Origin.OURS),
        read(
            "margin.equity", _STATE, Origin.OURS, "each dollar once, however the account pools its collateral"
        ),
        read("margin.maintenance", _STATE, Origin.OURS),
        read("margin.ratio", _STATE, Origin.OURS),
        read("margin.tiers", "perps.json", Origin.OURS, "kept as evidence with the markets"),
        read("borrowed", _STATE, Origin.OURS, "taken off the balance"),
        read("history.fills", _FILLS, Origin.OURS, "the venue keeps the latest 10,000"),
        read("history.funding", "funding.json", Origin.OURS),
        read("history.fees", _FILLS, Origin.OURS, "a builder's share included"),
        read("history.interest", _LEDGER, Origin.OURS),
        read("history.ledger", _LEDGER, Origin.OURS),
        read("history.deposits", _LEDGER, Origin.OURS),
        read("history.withdrawals", _LEDGER, Origin.OURS),
        read("history.internal", _LEDGER, Origin.OURS, "with staking, vaults and other builders' markets"),
        read("history.subaccounts", _LEDGER, Origin.OURS),
        read("history.settlements", _FILLS, Origin.OURS, "of delisted markets"),
        read("history.liquidations", _FILLS, Origin.OURS, "as the fills that they are"),
        read("history.rewards", "rewards.json", Origin.OURS),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-context.json", Origin.OURS, "marks of perpetuals and of pairs"),
        read("instruments", "perps.json", Origin.OURS, "delisted ones stay"),
    ),
)
