"""From a seed a scenario: accounts that deposit, move money about, and trade whatever their venue has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

MARKET_BEGINS = date(2023, 12, 2)
"""Day of the market's data on which a world begins, and a day before the data do."""

DESKS = {
    "binance": ("spot", "usdm"),
    "bybit": ("funding", "unified"),
    "deribit": ("main", "main"),
    "okx": ("funding", "trading"),
}
"""Where money arrives and where contracts are traded, by venue; Binance trades inverse ones elsewhere."""

_COIN_DESK = "coinm"
_LENDERS = ("bybit", "okx")
_THIN = 300
"""With this small a share of its money at the desk an account may be liquidated."""

_PRICING = ("binance", "okx")
"""Venues whose prices are read though no account is there."""
_MARKETS = {"deribit": "okx"}
"""Whose market a venue publishes, where it has none of its own."""
_LINEAR = ("BTC-USDT-SWAP", "ETH-USDT-SWAP")
_INVERSE = ("BTC-USD-SWAP", "ETH-USD-SWAP")
_OTHERS = (*_LINEAR, *_INVERSE, "BTC-USDT-231229", "BTC-USD-240329")
_COIN_MARGINED = {"BTC": ("100", "0.1"), "ETH": ("10", "0.01")}
"""Dollars of a contract and tick of Binance's inverse perpetuals, which the market has prices of."""
_OPTIONS = {"okx": "BTC-USD", "deribit": "BTC-USD", "bybit": "BTC-USDT"}
_STRIKES = ("38000-C", "38000-P", "42000-C", "44000-C", "44000-P", "46000-P")
_EXPIRIES = {
    "231208": timedelta(days=6, hours=8),
    "231229": timedelta(days=27, hours=8),
    "240329": timedelta(days=118, hours=8),
}
"""Expiry by the market's day: time since the world began."""
_OPTION_DAYS = ("231208", "231229")
_FEE_RATES = ("0.0002", "0.00045", "-0.00005", "0")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Size:
    """How much happens in a world.

    ``events``: the most of an account; the least is an eighth. ``looks``: when it is gathered and compared,
    since it began: also in the second of an expiry and a funding.
    """

    days: int
    events: int
    looks: tuple[timedelta, ...]


WEEK = Size(
    days=9,
    events=36,
    looks=(
        timedelta(days=6, hours=8),
        timedelta(days=8, hours=5, minutes=29),
    ),
)
MONTH = Size(
    days=29,
    events=80,
    looks=(
        timedelta(days=16, hours=16),
        timedelta(days=27, hours=8),
        timedelta(days=28, minutes=1),
    ),
)


def scenario(seed: int, market: Path, size: Size = WEEK) -> str:
    """A scenario for the simulator (TOML) over the market of a folder; the same seed gives the same text."""
    random = Random(seed)  # noqa: S311 - it draws a world, and guards nothing
    venues = random.choices(tuple(DESKS), k=random.randint(1, 3))
    lines = [
        f'name = "world-{seed}"',
        f'market = "{market}"',
        f'inception = "{MARKET_BEGINS}T00:00:00Z"',
        f'live_after = "{size.days}d"',
        'vendor_key = "vendor"',
    ]
    for venue in sorted({*venues, *_PRICING}):
        lines.append(f'[venues.{venue}]\ndialect = "{venue}"')
        lines += [f'prices = "{_MARKETS[venue]}"'] if venue in _MARKETS else []
    for coin, (dollars, tick) in _COIN_MARGINED.items():
        lines.append(
            f'[[instruments]]\nvenue = "binance"\ninstrument = "{coin}-USD-SWAP"\nkind = "swap"\n'
            f'base = "{coin}"\nquote = "USD"\nsettle = "{coin}"\ncontract_value = "{dollars}"\n'
            f'multiplier = "1"\ntick = "{tick}"\nlot = "1"'
        )
    for number, venue in enumerate(venues):
        name = f"{venue}-{number}"
        lines.append(
            f'[[accounts]]\nid = "{name}"\nvenue = "{venue}"\napi_key = "{name}"\nsecret = "s"\n'
            f'passphrase = "p"\npermissions = ["read", "trade"]'
        )
        borrows = venue in _LENDERS and random.random() < 0.2
        lines += ["borrows = true"] if borrows else []
        lines.append("events = [")
        thin = (borrows or venue == "binance") and random.random() < 0.3
        lines += [f"  {{ {event} }}," for event in _events(random, venue, size, _THIN if thin else 2)]
        lines += [f"  {{ {_on_credit(random)} }},"] if borrows else []
        lines += [f"  {{ {_ruin(seed, number, venue)} }},"] if thin else []
        lines.append("]")
    return "\n".join(lines) + "\n"


def _events(random: Random, venue: str, size: Size, share: int) -> Iterator[str]:
    """What happens in an account that trades contracts with one `share` of what it has."""
    door = DESKS[venue][0]
    for n, (coin, have) in enumerate({"USDT": 9_000_000, "BTC": 90, "ETH": 900}.items()):
        yield f'at = "+0d00:{10 + n}", deposit = "{have}.5 {coin}"'
        if door != (desk := _desk(venue, coin)):
            moved = max(1, have // share)
            yield f'at = "+0d01:{10 + n}", transfer = "{moved} {coin}", from = "{door}", to = "{desk}"'
    for _ in range(random.randint(size.events // 8, size.events)):
        minutes = random.randint(8 * 60, (size.days - 1) * 1440)
        if random.random() < 0.2:
            minutes -= minutes % 480  # at a funding, to the minute
        at = f"{minutes // 1440}d{minutes // 60 % 24:02}:{minutes % 60:02}"
        yield f'at = "+{at}", {_act(random, venue, minutes * _MINUTE)}'


def _on_credit(random: Random) -> str:
    """More bitcoin than there is money for, or more sold than there is."""
    side, size = random.choice((("buy", random.randint(130, 180)), ("sell", random.randint(50, 80))))
    at = f"+{random.randint(1, 5)}d{random.randint(0, 23):02}:{random.randint(0, 59):02}"
    return f'at = "{at}", {side} = "{size}.5", instrument = "BTC-USDT", fee_rate = "0.001", tag = "a"'


def _ruin(seed: int, number: int, venue: str) -> str:
    """So much sold in a rising market that the venue takes over what a thin account has."""
    random = Random(f"ruin {seed} {number}")  # noqa: S311 - it draws a world, and guards nothing
    at = f"+{random.randint(1, 3)}d{random.randint(0, 23):02}:{random.randint(0, 59):02}"
    contracts = random.randint(8, 16) * (100 if venue == "okx" else 1)
    return f'at = "{at}", sell = "{contracts}", instrument = "{_LINEAR[0]}", fee_rate = "0.0005", tag = "b"'


def _act(random: Random, venue: str, after: timedelta) -> str:
    coin = random.choice(("USDT", "BTC", "ETH"))
    amount, kind = f"0.{random.randint(1, 99_999_999):08}", random.random()
    if kind < 0.1:
        return f'deposit = "{amount} {random.choice(("USDT", "BTC", "ETH"))}"'
    if kind < 0.2:
        return f'withdraw = "{amount} {coin}", fee = "0.000{random.randint(1, 9999)}"'
    if kind < 0.3:
        return _transfer(random, venue, amount, coin)
    name, size = _order(random, venue, kind, after)
    side, rate, tag = random.choice(("buy", "sell")), random.choice(_FEE_RATES), random.choice(("a", "b"))
    return f'{side} = "{size}", instrument = "{name}", fee_rate = "{rate}", tag = "{tag}"'


def _desk(venue: str, coin: str) -> str:
    """Where a coin backs contracts."""
    return _COIN_DESK if venue == "binance" and coin != "USDT" else DESKS[venue][1]


def _transfer(random: Random, venue: str, amount: str, coin: str) -> str:
    door, desk = DESKS[venue][0], _desk(venue, coin)
    if door == desk or random.random() < 0.2:  # a venue with one wallet moves between its sub-accounts only
        return f'{random.choice(("deposit", "withdraw"))} = "{amount} {coin}", network = "subaccount"'
    further = {"binance": "margin", "bybit": "earn"}.get(venue)
    stakes = ((door, further), (desk, further)) if further else ()
    source, target = random.choice(((door, desk), (desk, door), *stakes))
    return f'transfer = "{amount} {coin}", from = "{source}", to = "{target}"'


def _order(random: Random, venue: str, kind: float, after: timedelta) -> tuple[str, str]:
    """A market that is listed at the time, and a size that it takes."""
    if kind < 0.5:
        return random.choice(("BTC-USDT", "ETH-USDT")), f"{random.randint(1, 199_999_999) / 10**8:.8f}"
    if venue == "binance":
        if kind < 0.75:
            return random.choice(_LINEAR), f"1.{random.randint(0, 999):03}"
        return random.choice(_INVERSE), str(random.randint(1, 4999))
    days = [day for day in _OPTION_DAYS if after < _EXPIRIES[day]]
    if kind < 0.7 and days:
        name = f"{_OPTIONS[venue]}-{random.choice(days)}-{random.choice(_STRIKES)}"
        return name, str(random.randint(1, 40))
    return random.choice(_contracts(after)), f"{random.randint(1, 99)}.{random.randint(0, 9)}"


def _contracts(after: timedelta) -> list[str]:
    """Contracts that are listed at the time, at venues that have dated ones."""
    return [name for name in _OTHERS if after < _EXPIRIES.get(name[-6:], timedelta.max)]


def listed_markets(venue: str, after: timedelta) -> list[str]:
    """Markets in which clients of a venue place orders."""
    contracts = [*_LINEAR, *_INVERSE] if venue == "binance" else _contracts(after)
    return ["BTC-USDT", "ETH-USDT", *contracts]
