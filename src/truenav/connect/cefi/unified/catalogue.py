"""What ccxt says of its venues, kept as a file so that nobody loads ccxt to list them.

``python -m truenav.connect.cefi.unified.catalogue`` writes the file anew after an update of ccxt.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MARKET_TYPES = ("spot", "margin", "swap", "future", "option")
METHODS = (
    "fetchBalance",
    "fetchPositions",
    "fetchMyTrades",
    "fetchDeposits",
    "fetchWithdrawals",
    "fetchDepositsWithdrawals",
    "fetchTransfers",
    "fetchLedger",
    "fetchFundingHistory",
    "fetchBorrowInterest",
    "fetchTickers",
    "fetchTicker",
    "fetchFundingRates",
    "fetchTime",
)
"""What the connector calls where a venue has it."""
MAIN = "main"
"""The one wallet of a venue whose balance cannot be asked for by wallet."""
_FILE = "venues.json"
_TYPED = r"handle_market_type_and_params|'type'"
_KEYS = ("apiKey", "walletAddress")
_SECRETS = ("secret", "privateKey")
_THIRD = ("password", "uid", "accountId")


@dataclass(frozen=True, slots=True)
class Venue:
    """One venue: its hosts, what it is asked with, and how fast.

    ``credentials`` maps our key, secret and passphrase to ccxt's names; ``unfit`` names secrets that have
    no place among these three. ``pause_ms`` is the time between two requests of weight 1. ``by_symbol`` and
    ``by_code`` are the methods that must be asked for each market, or each asset; ``by_type`` and
    ``by_side`` those that can be asked for one type of market, or for linear and inverse ones apart.
    """

    id: str
    title: str
    hosts: tuple[str, ...]
    credentials: Mapping[str, str]
    unfit: tuple[str, ...]
    pause_ms: float
    has: tuple[str, ...]
    wallets: tuple[str, ...]
    types: tuple[str, ...]
    by_symbol: tuple[str, ...]
    by_code: tuple[str, ...]
    by_type: tuple[str, ...]
    by_side: tuple[str, ...]


@cache
def venues() -> Mapping[str, Venue]:
    """All venues by ccxt's id, without loading ccxt."""
    rows = json.loads(files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))
    return {row["id"]: _venue(row) for row in rows}


def _venue(row: dict[str, Any]) -> Venue:
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
    }
    return Venue(**fields)


def describe(exchange: Any) -> Venue:
    """What a ccxt exchange says of itself."""
    has = {name for name, value in exchange.has.items() if value is True}
    required = {name for name, needed in exchange.requiredCredentials.items() if needed}
    credentials, unfit = _credentials(required)
    types = tuple(name for name in MARKET_TYPES if name in has)
    return Venue(
        id=exchange.id,
        title=exchange.name,
        hosts=_hosts(exchange.urls["api"], exchange.hostname or ""),
        credentials=credentials,
        unfit=unfit,
        pause_ms=1.0 * exchange.rateLimit,
        has=tuple(name for name in METHODS if name in has),
        wallets=_wallets(exchange, types) or (MAIN,),
        types=types,
        by_symbol=_asking(exchange, has, "symbol"),
        by_code=_asking(exchange, has, "code"),
        by_type=_heeding(exchange, has, _TYPED),
        by_side=_heeding(exchange, has, r"handle_sub_type|'subType'"),
    )


def _asking(exchange: Any, has: set[str], argument: str) -> tuple[str, ...]:
    """Methods that refuse to be called without an argument."""
    refusal = re.compile(
        rf"requires a {argument}\b|checkRequiredArgument\([^)]*'{argument}'|"
        rf"check_required_argument\([^)]*'{argument}'"
    )
    return tuple(name for name in METHODS if name in has and refusal.search(_source(exchange, name)))


def _heeding(exchange: Any, has: set[str], pattern: str) -> tuple[str, ...]:
    """Methods of positions and histories that look at a parameter, which others would send to the venue."""
    named = ("fetchPositions", "fetchMyTrades", "fetchFundingHistory")
    return tuple(name for name in named if name in has and re.search(pattern, _source(exchange, name)))


def _source(exchange: Any, method: str) -> str:
    """The text of a method of ccxt, which goes by ``fetchMyTrades`` and ``fetch_my_trades``."""
    found = getattr(type(exchange), exchange.un_camel_case(method))
    return inspect.getsource(inspect.unwrap(found))


def _credentials(required: set[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Ours to ccxt's. Of a wallet its address alone is asked: reading needs no key that moves coins."""
    if "walletAddress" in required:
        return {"key": "walletAddress"}, ()
    found: dict[str, str] = {}
    left = set(required)
    for ours, theirs in (("key", _KEYS), ("secret", _SECRETS), ("passphrase", _THIRD)):
        name = next((one for one in theirs if one in left), None)
        if name is not None:
            found[ours] = name
            left.discard(name)
    return found, tuple(sorted(left))


def _hosts(urls: object, hostname: str) -> tuple[str, ...]:
    found = {
        f"{parts.scheme}://{parts.netloc}" for url in _leaves(urls) if (parts := _split(url, hostname)).netloc
    }
    return tuple(sorted(one for one in found if one.startswith("http")))


def _split(url: str, hostname: str) -> Any:
    return urlsplit(url.replace("{hostname}", hostname))


def _leaves(urls: object) -> Iterable[str]:
    if isinstance(urls, str):
        yield urls
    elif isinstance(urls, dict):
        for one in urls.values():
            yield from _leaves(one)


def _wallets(exchange: Any, types: tuple[str, ...]) -> tuple[str, ...]:
    """Wallets that the venue's balance can be asked for one by one."""
    if re.search(_TYPED, _source(exchange, "fetchBalance")) is None:
        return ()
    accounts = exchange.options.get("accountsByType") or {}
    return (*types, *(("funding",) if "funding" in accounts else ()))


def main() -> None:
    """Write the file from the installed ccxt."""
    import ccxt.async_support as ccxt

    rows = [asdict(describe(getattr(ccxt, name)())) for name in ccxt.exchanges]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (Path(__file__).parent / _FILE).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
