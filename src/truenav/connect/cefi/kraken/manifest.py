"""Kraken spot: hosts, wallets, limits, and what is read of it, item by item.

A private request raises a counter by one, of histories by two. The counter holds 15 and loses a third each
second for the lowest tier of verification; an account of a higher one is asked no faster.
"""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, absent, read

_ONE_BALANCE = "one balance is spot, collateral of margin and earn"
_LEDGER = "ledgers.json"
_FUTURES = "Kraken Futures has accounts and keys of its own: krakenfutures"
_BALANCES = "balances.json"
_LIVE = "told as they change, positions by their fills; the facts are read by request within seconds"

MANIFEST = Manifest(
    name="kraken",
    title="Kraken",
    version="1",
    grade="gold",
    hosts={"api": "https://api.kraken.com"},
    budgets=(Budget("public", 10, 10), Budget("private", 15, 45, per="key")),
    wallets=("main",),
    credentials=("key", "secret"),
    streams={"public": "wss://ws.kraken.com", "private": "wss://ws-auth.kraken.com"},
    supplies=(
        read("balances.spot", _BALANCES, Origin.OURS, _ONE_BALANCE),
        read("balances.margin", _BALANCES, Origin.OURS, _ONE_BALANCE),
        *absent(_FUTURES, "balances.swap", "balances.future", "balances.option"),
        *absent(_ONE_BALANCE, "balances.funding"),
        read("balances.earn", _BALANCES, Origin.OURS, "codes with .S, .M, .B, .F and .P"),
        read("positions.linear", "positions-documented.json", Origin.DOCUMENTED, "of spot margin"),
        *absent(_FUTURES, "positions.inverse", "positions.option"),
        read("positions.hedge", "positions.json", Origin.OURS),
        *absent("all positions share the collateral", "positions.isolated"),
        read("positions.cross", "positions.json", Origin.OURS),
        read("orders.open", "orders.json", Origin.OURS, "kept as evidence; nothing is valued by them"),
        read("margin.collateral", _BALANCES, Origin.OURS, "the trade balance is kept as evidence"),
        read("margin.equity", _BALANCES, Origin.OURS),
        read("margin.maintenance", _BALANCES, Origin.OURS, "40 % of the margin in use"),
        read("margin.ratio", _BALANCES, Origin.OURS, "the venue's margin level, turned round"),
        *absent("a position's margin is by the leverage that was chosen, at any size", "margin.tiers"),
        read("borrowed", _BALANCES, Origin.OURS, "credit lines; margin positions are positions, not debt"),
        read("history.fills", "trades.json", Origin.OURS, "with what the ledger booked for each"),
        *absent("spot margin has rollover fees", "history.funding"),
        read("history.fees", "trades.json", Origin.OURS, "in any coin"),
        read("history.interest", _LEDGER, Origin.OURS, "rollover fees of margin positions"),
        read("history.ledger", _LEDGER, Origin.OURS),
        read(
            "history.deposits", _LEDGER, Origin.OURS, "with address and transaction of the deposit's status"
        ),
        read("history.withdrawals", _LEDGER, Origin.OURS, "the same"),
        read("history.internal", _LEDGER, Origin.OURS, "with Kraken Futures and custody"),
        read("history.subaccounts", _LEDGER, Origin.OURS, "as transfers of the ledger"),
        read("history.settlements", _LEDGER, Origin.OURS, "margin positions settled in kind"),
        read("history.liquidations", "trades.json", Origin.OURS, "as fills, with their cash"),
        read("history.rewards", _LEDGER, Origin.OURS),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream-ticker.json", Origin.OURS),
        read("instruments", "pairs.json", Origin.OURS, "delisted pairs by the coins that the ledger booked"),
    ),
)
