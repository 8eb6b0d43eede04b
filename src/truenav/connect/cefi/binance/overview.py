"""What confirms that a list without a row is one: the venue's own worth of each wallet."""

from __future__ import annotations

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.client import BinanceClient
from truenav.connect.contract import Payload
from truenav.connect.document import read_json
from truenav.connect.errors import IncompletePagesError

OVERVIEW = Endpoint("wallet.overview/1", "/sapi/v1/asset/wallet/balance", "wallet", weight=60, host="spot")


async def worth_nothing(client: BinanceClient, wallet: str) -> Payload:
    """The overview, which confirms that a wallet (as Binance titles it) is empty; else it is refused."""
    overview = await client.get(OVERVIEW)
    rows = read_json(overview.body).items()
    worth = [row.decimal("balance") for row in rows if row.text("walletName") == wallet]
    if not worth or any(worth):
        raise IncompletePagesError(
            f"binance: the list is empty, but the venue's overview does not say that the wallet {wallet} is "
            "worth nothing; it is not taken."
        )
    return overview
