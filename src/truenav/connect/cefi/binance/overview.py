"""What confirms that a list without a row is one: the venue's own worth of each wallet."""

from __future__ import annotations

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.client import BinanceClient
from truenav.connect.document import read_json
from truenav.connect.errors import IncompletePagesError

OVERVIEW = Endpoint("wallet.overview/1", "/sapi/v1/asset/wallet/balance", "wallet", weight=60, host="spot")


async def refuse_worth(client: BinanceClient, wallet: str) -> None:
    """Refuse an empty list of a wallet (as Binance titles it) that the overview does not value at nothing."""
    rows = read_json((await client.get(OVERVIEW)).body).items()
    worth = [row.decimal("balance") for row in rows if row.text("walletName") == wallet]
    if not worth or any(worth):
        raise IncompletePagesError(
            f"binance: the list is empty, but the venue's overview does not say that the wallet {wallet} is "
            "worth nothing; it is not taken."
        )
