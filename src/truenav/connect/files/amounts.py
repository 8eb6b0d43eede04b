"""Numbers and asset codes as files write them, exactly or not at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from truenav.connect.contract import ParseContext
from truenav.connect.files.mapping import Layout
from truenav.connect.files.rows import RefusedCell
from truenav.core.asset import ANY_VENUE, UnknownAssetError
from truenav.core.failure import InvalidInputError
from truenav.core.money import AssetId, parse_decimal

_SIGNS = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "USDT", "USDC"),
    "€": ("EUR",),
    "£": ("GBP",),
    "¥": ("JPY", "CNY"),
    "₿": ("BTC", "XBT"),
}
"""Signs before a number, and the codes that they may stand for."""

EMPTY = frozenset({"", "-", "–", "—", "N/A", "n/a", "null", "None", "NaN"})
"""Cells that hold nothing."""

_UNIT = re.compile(r"([+-]?[\d.,'\s]*\d(?:[eE][+-]?\d{1,3})?\.?)\s*([^\d\s.,'+-].*)")
_UNIT_FIRST = re.compile(r"([+-]?)([^\d\s.,'+-]{1,12})\s+([\d.,'\s]*\d)")
_PLAIN_LENGTH = 38


def number_reader(layout: Layout) -> Callable[[str], Decimal]:
    """What reads the numbers of a layout; it raises ``RefusedCell``, and nothing is rounded."""
    point, thousands = layout.decimal, layout.thousands
    grouped = re.compile(rf"[+-]?\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+(?:{re.escape(point)}\d*)?")

    def read(text: str) -> Decimal:
        bare = text.strip()
        if len(bare) < _PLAIN_LENGTH and point == ".":
            digits = bare[1:] if bare[:1] == "-" else bare
            if digits.replace(".", "", 1).isdigit() and digits.isascii():
                return Decimal(bare) or _ZERO
        return parse_decimal(_plain(bare))

    def _plain(bare: str) -> str:
        if bare[:1] == "(" and bare[-1:] == ")":
            bare = "-" + bare[1:-1]
        sign, body = (bare[0], bare[1:].lstrip()) if bare[:1] in ("+", "-", "−") else ("", bare)
        body = body[1:].lstrip() if body[:1] in _SIGNS else body
        bare = ("-" if sign in ("-", "−") else "") + body
        if thousands and thousands in bare:
            if not grouped.fullmatch(bare.replace("\u00a0", " ")):
                raise RefusedCell(f"{bare[:40]!r} is not grouped in thousands", "Correct the number.")
            bare = bare.replace("\u00a0", " ").replace(thousands, "")
        if point == ",":
            if "." in bare:
                raise RefusedCell(
                    f"{bare[:40]!r} has a point, but decimals are parted by a comma",
                    "Say in the layout how decimals and thousands are parted.",
                )
            bare = bare.replace(",", ".")
        elif "," in bare:
            raise RefusedCell(
                f"{bare[:40]!r} has a comma, but decimals are parted by a point",
                "Say in the layout how decimals and thousands are parted.",
            )
        return bare

    return read


_ZERO = Decimal(0)


def is_zero(text: str) -> bool:
    """Whether a cell is a plain zero, which needs no unit."""
    return not text.strip("0.,") and "0" in text


def sign_of(text: str) -> str:
    """The currency sign before a number, or nothing."""
    bare = text.lstrip("+-−( ")
    return bare[0] if bare[:1] in _SIGNS else ""


def refuse_other_sign(sign: str, code: str) -> None:
    """Raise ``RefusedCell`` where a currency sign contradicts the asset beside it."""
    if code.upper() not in _SIGNS[sign]:
        raise RefusedCell(
            f"the amount is written in {sign!r}, but its asset is {code[:20]!r}", "Correct one."
        )


def split_unit(text: str) -> tuple[str, str]:
    """Number and unit of a cell that holds both, as ``2.5 ETH`` or ``ETH 2.5``; ``€5`` is in EUR."""
    bare = text.strip()
    sign = sign_of(bare)
    if sign and len(_SIGNS[sign]) == 1:
        return bare, _SIGNS[sign][0]
    found = _UNIT.fullmatch(bare)
    if found and not sign:
        return found[1].strip(), found[2].strip()
    turned = _UNIT_FIRST.fullmatch(bare)
    if turned:
        return turned[1] + turned[3], turned[2]
    raise RefusedCell(f"{bare[:40]!r} is not an amount with its asset", "Expected: 2.5 ETH.")


class Assets:
    """Understands the asset codes of one file; a code is looked up once unless its meaning changes."""

    def __init__(self, layout: Layout, context: ParseContext) -> None:
        self._book = context.assets
        self._codes = dict(layout.assets)
        self._space = layout.venue or ANY_VENUE
        self._always: dict[str, AssetId] = {}
        self._dated = {one.code for one in self._book.aliases if one.valid_from or one.valid_to}

    @property
    def any_dated(self) -> bool:
        """Whether what any code means depends on when."""
        return bool(self._dated)

    def find(self, text: str, at: datetime) -> AssetId:
        """The asset of a code, in the form written or in capitals; raises ``InvalidInputError``."""
        found = self._always.get(text)
        return found if found is not None else self._look_up(text, at)

    def knows(self, text: str, at: datetime) -> bool:
        """Whether a code stands for an asset."""
        try:
            self._look_up(text, at)
        except UnknownAssetError:
            return False
        return True

    def symbol(self, asset: AssetId, at: datetime) -> str:
        """The asset's symbol where it names this asset alone, else its full id."""
        symbol = self._book.symbol(asset)
        try:
            return symbol if self._book.resolve(ANY_VENUE, symbol, at) == asset else asset
        except InvalidInputError:  # unknown or ambiguous
            return asset

    def _look_up(self, text: str, at: datetime) -> AssetId:
        code = text.strip()
        code = self._codes.get(code, code)
        if code.startswith("eip155:"):
            code = code.lower()  # capitals in an address of this kind are a checksum only
        if not code:
            raise RefusedCell("the asset is missing", "Fill the asset's code.")
        try:
            found = self._book.resolve(self._space, code, at)
        except UnknownAssetError as error:
            _refuse_look_alike(code)
            if code == code.upper():
                raise
            try:
                found = self._book.resolve(self._space, code.upper(), at)
            except UnknownAssetError:
                raise error from None
        if not self._dated.intersection((code, code.upper())):
            self._always[text] = found
        return found


def _refuse_look_alike(code: str) -> None:
    for letter in code:
        if not letter.isascii():
            name = unicodedata.name(letter, f"U+{ord(letter):04X}")
            raise RefusedCell(
                f"the asset {code[:20]!r} holds {name}, which only looks like a plain letter",
                "Write the code in plain letters, or add the asset with 'truenav asset add'.",
            )
