"""What one contract is called by many venues: an identity across venues, and the names of options.

Contracts with one key have the same payoff for one unit of ``base``; their sizes may differ, so quantities
are compared after multiplying by the multiplier.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
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

    A market (``BTC``, ``BTC-USD``, ``BTC_USDC``, ``BTC/USDT:USDT``), the expiry (``26DEC25``, ``251226``,
    ``20251226``), the strike (``100000``, ``0.55``, ``0d55``), the right (``C``, ``PUT``), and perhaps the
    settlement (``USDT``), with hyphens between. One venue writes ``C-BTC-100000-261225`` instead.
    """
    name = text.strip().upper()
    if (match := _TURNED.fullmatch(name)) is None and (match := _USUAL.fullmatch(name)) is None:
        raise _unreadable(text)
    found = match.groupdict()
    market = _MARKET.fullmatch(found["market"])
    if market is None:
        raise _unreadable(text)
    return OptionName(
        base=market["base"],
        quote=market["quote"] or "",
        settle=market["settle"] or found.get("settle") or "",
        expires_on=_day(text, found["day"], turned="settle" not in found),
        strike=Decimal(found["strike"].replace("D", ".")),
        right=OptionRight.CALL if found["right"].startswith("C") else OptionRight.PUT,
    )


_RIGHT = r"(?P<right>C|P|CALL|PUT)"
_STRIKE = r"(?P<strike>\d+(?:[.D]\d+)?)"
_USUAL = re.compile(
    r"(?P<market>.+)-(?P<day>\d{1,2}[A-Z]{3}\d{2}|\d{6}|\d{8})-"
    + _STRIKE
    + "-"
    + _RIGHT
    + r"(?:-(?P<settle>[A-Z]+))?",
    re.ASCII,
)
_TURNED = re.compile(_RIGHT + r"-(?P<market>[A-Z0-9]+)-" + _STRIKE + r"-(?P<day>\d{6})", re.ASCII)
_MARKET = re.compile(r"(?P<base>[A-Z0-9]+)(?:[-_/](?P<quote>[A-Z]+)(?::(?P<settle>[A-Z]+))?)?", re.ASCII)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _day(text: str, digits: str, *, turned: bool) -> date:
    try:
        if not digits.isdigit():
            return date(2000 + int(digits[-2:]), _MONTHS.index(digits[-5:-2]) + 1, int(digits[:-5]))
        if len(digits) == 8:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        first, month, last = int(digits[:2]), int(digits[2:4]), int(digits[4:])
        return date(2000 + last, month, first) if turned else date(2000 + first, month, last)
    except ValueError:
        raise _unreadable(text) from None


def _unreadable(text: str) -> UnreadableNameError:
    return UnreadableNameError(
        f"{text[:60]!r} is no option's name that can be read; write it like BTC-26DEC25-100000-C."
    )
