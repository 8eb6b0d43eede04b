"""What one contract is called by many venues: an identity across venues, and names that tell an expiry.

Contracts with one key have the same payoff for one unit of ``base``; their sizes may differ, so quantities
are compared after multiplying by the multiplier.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from truenav.core.clock import instant_text
from truenav.core.failure import InvalidInputError
from truenav.core.instrument import Instrument, OptionRight
from truenav.core.money import to_text


class UnreadableNameError(InvalidInputError):
    """A text is no option's name that we can read without guessing."""

    code = "unreadable-option-name"
    title = "Not an option's name"


def contract_key(terms: Instrument) -> str:
    """Identity of a contract across venues: kind, assets, settlement, expiry, strike and right as one text.

    Two venues' contracts that settle in different assets are two contracts, as are a call in dollars and one
    in coins.
    """
    parts = [terms.kind.value, f"{terms.base}/{terms.quote}", terms.settle]
    if terms.inverse:
        parts.append("inverse")
    if terms.expiry_at is not None:
        parts.append(instant_text(terms.expiry_at))
    if terms.strike is not None and terms.right is not None:
        parts += [to_text(terms.strike.normalize()), terms.right.value]
    return "|".join(parts)


@dataclass(frozen=True, slots=True)
class DatedName:
    """What the name of a contract with an expiry says; ``strike`` and ``right`` are an option's.

    ``family`` is what stands before the day. ``expires_on`` is a day; its hour is the venue's.
    ``settle`` is empty where the name does not say it.
    """

    family: str
    expires_on: date
    strike: Decimal | None = None
    right: OptionRight | None = None
    settle: str = ""


def dated_name(text: str) -> DatedName | None:
    """Read the name of a dated future or an option; None where it is none.

    A family (``BTC``, ``BTC-USD``, ``BTC_USDC``, ``BTCUSDT``), the expiry (see ``expiry_day``), and of an
    option the strike (``100000``, ``0.55``, ``0d55``), the right (``C``, ``PUT``) and perhaps the settlement
    (``USDT``), with hyphens between; before the day of a future an underscore is read, too
    (``BTCUSD_250926``). One venue writes ``C-BTC-100000-261225``.
    """
    if (turned := _TURNED.fullmatch(text)) is not None:
        day = expiry_day(f"{turned['day'][4:]}{turned['day'][2:4]}{turned['day'][:2]}")
        return None if day is None else _option(turned, day)
    if (match := _USUAL.fullmatch(text)) is None or (day := expiry_day(match["day"])) is None:
        return None
    return _option(match, day) if match["right"] else DatedName(match["family"], day)


def expiry_day(text: str) -> date | None:
    """A day as venues write it: ``26DEC25``, ``251226`` (year first) or ``20251226``; else None."""
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    try:
        if match["name"]:
            return date(2000 + int(text[-2:]), _MONTHS.index(match["name"]) + 1, int(text[:-5]))
        year = int(text[:-4])
        return date(year if len(text) == 8 else 2000 + year, int(text[-4:-2]), int(text[-2:]))
    except ValueError:
        return None


def quarter_day(code: str) -> date | None:
    """The last Friday of a quarter, written as its month's letter and a year: ``H26``, ``Z25``; else None."""
    match = _QUARTER.fullmatch(code)
    if match is None:
        return None
    month = _QUARTER_ENDS[match["month"]]
    following = date(2000 + int(match["year"]) + month // 12, month % 12 + 1, 1)
    last = following - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - 4) % 7)


@dataclass(frozen=True, slots=True)
class OptionName:
    """What an option's name says. ``quote`` and ``settle`` are empty where the name does not say them.

    ``expires_on`` is a day; its hour is the venue's (08:00 UTC at all venues that we know).
    """

    base: str
    quote: str
    settle: str
    expires_on: date
    strike: Decimal
    right: OptionRight


def option_name(text: str) -> OptionName:
    """Read an option's name as venues write it; ``UnreadableNameError`` where it is none, or can be two.

    As ``dated_name``, in any case of letters, of a market ``BTC``, ``BTC-USD``, ``BTC_USDC`` or
    ``BTC/USDT:USDT``.
    """
    name = dated_name(text.strip().upper())
    market = None if name is None else _MARKET.fullmatch(name.family)
    if name is None or market is None or name.strike is None or name.right is None:
        raise UnreadableNameError(
            f"{text[:60]!r} is no option's name that can be read; write it like BTC-26DEC25-100000-C."
        )
    settle = market["settle"] or name.settle
    return OptionName(market["base"], market["quote"] or "", settle, name.expires_on, name.strike, name.right)


_RIGHT = r"(?P<right>C|P|CALL|PUT)"
_STRIKE = r"(?P<strike>\d{1,12}(?:[.dD]\d{1,12})?)"
_USUAL = re.compile(
    r"(?P<family>.{1,40}?)(?:-|_(?=\d{6}$))(?P<day>\d{1,2}[A-Z]{3}\d{2}|\d{6}|\d{8})"
    + f"(?:-{_STRIKE}-{_RIGHT}"
    + r"(?:-(?P<settle>[A-Z]+))?)?",
    re.ASCII,
)
_TURNED = re.compile(_RIGHT + r"-(?P<family>[A-Z0-9]+)-" + _STRIKE + r"-(?P<day>\d{6})", re.ASCII)
_MARKET = re.compile(r"(?P<base>[A-Z0-9]+)(?:[-_/](?P<quote>[A-Z]+)(?::(?P<settle>[A-Z]+))?)?", re.ASCII)
_DAY = re.compile(r"\d{1,2}(?P<name>[A-Z]{3})\d{2}|\d{6}|\d{8}", re.ASCII)
_QUARTER = re.compile(r"(?P<month>[HMUZ])(?P<year>\d{2})", re.ASCII)
_QUARTER_ENDS = {"H": 3, "M": 6, "U": 9, "Z": 12}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _option(match: re.Match[str], day: date) -> DatedName:
    return DatedName(
        family=match["family"],
        expires_on=day,
        strike=Decimal(match["strike"].upper().replace("D", ".")),
        right=OptionRight.CALL if match["right"].startswith("C") else OptionRight.PUT,
        settle=match.groupdict().get("settle") or "",
    )
