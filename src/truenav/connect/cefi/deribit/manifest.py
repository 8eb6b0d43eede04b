"""Deribit v2: hosts, wallet, limits as the venue documents them, and what is read of it.

A request costs 500 credits of which 10,000 come back each second; instruments and the transaction log have
slower limits of their own.
"""

from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import Origin, absent, read

_SUMMARIES = "get_account_summaries.json"
_POSITIONS = "get_positions.json"
_LOG = "get_transaction_log.json"
_SETTLED = "within the settlements of the transaction log"
_TIERS = "our steps by the venue's rule, of contracts on BTC, ETH and SOL"
_LIVE = "told as they change; the facts are read by request within seconds"

MANIFEST = Manifest(
    name="deribit",
    title="Deribit",
    version="1",
    grade="gold",
    hosts={"api": "https://www.deribit.com"},
    budgets=(
        Budget("public", 100_000, 10),
        Budget("private", 100_000, 10, per="key"),
        Budget("log", 10, 10, per="key"),
        Budget("instruments", 10, 100),
    ),
    wallets=("main",),
    credentials=("key", "secret"),
    streams={"public": "wss://www.deribit.com"},
    supplies=(
        read("balances.spot", _SUMMARIES, Origin.OURS, "one wallet for everything"),
        *absent("spot is traded from the one wallet, without borrowing", "balances.margin"),
        read("balances.swap", _SUMMARIES, Origin.OURS),
        read("balances.future", _SUMMARIES, Origin.OURS),
        read("balances.option", _SUMMARIES, Origin.OURS),
        *absent("deposits arrive in the one wallet", "balances.funding"),
        *absent("rewards are paid on the balance itself", "balances.earn"),
        read("positions.linear", _POSITIONS, Origin.OURS),
        read("positions.inverse", _POSITIONS, Origin.OURS),
        read("positions.option", _POSITIONS, Origin.OURS, "with the venue's delta"),
        *absent("one position a contract", "positions.hedge"),
        *absent("margin is shared by all positions", "positions.isolated"),
        read("positions.cross", _POSITIONS, Origin.OURS),
        read("orders.open", "get_open_orders.json", Origin.OURS, "kept as evidence"),
        read("margin.collateral", _SUMMARIES, Origin.OURS, "margin_balance by currency"),
        read("margin.equity", _SUMMARIES, Origin.OURS, "cash and open profit, each counted once"),
        read("margin.maintenance", _SUMMARIES, Origin.OURS),
        read("margin.ratio", _SUMMARIES, Origin.OURS, "maintenance margin by margin balance, the worst one"),
        read("margin.tiers", "get_instruments.json", Origin.OURS, _TIERS),
        *absent("nothing is lent", "borrowed"),
        read("history.fills", "get_user_trades.json", Origin.OURS),
        read("history.funding", _LOG, Origin.OURS, _SETTLED),
        read("history.fees", "get_user_trades.json", Origin.OURS),
        read("history.interest", _LOG, Origin.OURS, "on negative balances"),
        read("history.ledger", _LOG, Origin.OURS, "each balance must follow from the one before"),
        read("history.deposits", _LOG, Origin.OURS),
        read("history.withdrawals", _LOG, Origin.OURS),
        *absent("an account has one wallet", "history.internal"),
        read("history.subaccounts", _LOG, Origin.OURS),
        read("history.settlements", _LOG, Origin.OURS, "daily settlements and deliveries"),
        read("history.liquidations", _LOG, Origin.OURS, "their trades are fills"),
        read("history.rewards", _LOG, Origin.OURS),
        *(
            read(f"live.{name}", "stream-private.json", Origin.OURS, _LIVE)
            for name in ("balances", "positions", "orders")
        ),
        read("live.prices", "stream_ticker.json", Origin.OURS, "tickers"),
        read("instruments", "get_instruments.json", Origin.OURS, "expired ones stay"),
    ),
)
