"""Creation lists and daily disclosures as files: canonical JSON, CSV, and the XML of the exchanges for lists.

What was written is read back equal. Layouts and their sources: docs/methods/baskets.md.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, TypeVar

from truenav.calc.etp.baskets.basket import cash_part
from truenav.connect.products import exchange_xml
from truenav.connect.products.records import Layout, ListFileError, from_csv, text_of, to_csv
from truenav.core.basket import CreationList, DailyDisclosure, DisclosureLine, ListLine
from truenav.core.canonical import canonical_json, decode
from truenav.core.failure import InvalidInputError
from truenav.core.ids import BadNameError, parse_slug
from truenav.core.money import to_text

T = TypeVar("T")

LIST_LAYOUT = Layout(CreationList, ListLine, "portfolio", "component")
DISCLOSURE_LAYOUT = Layout(DailyDisclosure, DisclosureLine, "disclosure", "position")

_ASSET = re.compile(r"[A-Za-z0-9][-A-Za-z0-9:/._%]{0,199}")


class ListForm(StrEnum):
    """How a list or disclosure is written; XML is for lists only."""

    JSON = "json"
    CSV = "csv"
    XML = "xml"


def write_creation_list(listed: CreationList, form: ListForm) -> bytes:
    """The file of a list. A list that contradicts itself is refused: nobody could read it back."""
    _refuse_faults(_list_faults(listed))
    if form is ListForm.JSON:
        return canonical_json(listed)
    return to_csv(listed, LIST_LAYOUT) if form is ListForm.CSV else exchange_xml.to_xml(listed)


def read_creation_list(data: bytes) -> CreationList:
    """The list of a file; its form is known by the first character.

    Raises ``ListFileError`` with line and column (in JSON: the path) where a value cannot be read, a file
    was cut off, or values contradict each other.
    """
    start = text_of(data).lstrip()[:1]
    if start == "<":
        listed = exchange_xml.from_xml(text_of(data))
    elif start == "{":
        listed = _from_json(data, CreationList)
    else:
        listed = from_csv(data, LIST_LAYOUT)
    _refuse_faults(_list_faults(listed))
    return listed


def write_disclosure(told: DailyDisclosure, form: ListForm) -> bytes:
    """The daily disclosure as JSON or CSV."""
    _refuse_faults(_disclosure_faults(told))
    if form is ListForm.XML:
        raise ListFileError("There is no XML of disclosures; choose JSON or CSV.")
    return canonical_json(told) if form is ListForm.JSON else to_csv(told, DISCLOSURE_LAYOUT)


def read_disclosure(data: bytes) -> DailyDisclosure:
    """The daily disclosure of a JSON or CSV file; refusals as in `read_creation_list`."""
    is_json = text_of(data).lstrip()[:1] == "{"
    told = _from_json(data, DailyDisclosure) if is_json else from_csv(data, DISCLOSURE_LAYOUT)
    _refuse_faults(_disclosure_faults(told))
    return told


def _from_json(data: bytes, cls: type[T]) -> T:
    try:
        plain = json.loads(text_of(data), object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ListFileError(f"{error.msg} at column {error.colno}.", line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise ListFileError("The JSON is nested too deeply, or has a number of too many digits.") from error
    try:
        return decode(cls, plain)
    except InvalidInputError as error:
        raise ListFileError(error.message) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise ListFileError("The field stands twice.", column=twice[0][:40])
    return dict(pairs)


def _refuse_faults(faults: Iterator[str]) -> None:
    told = list(faults)
    if told:
        raise ListFileError(" ".join(told))


def _list_faults(listed: CreationList) -> Iterator[str]:
    """What in a list contradicts itself."""
    yield from _name_faults(listed.product, listed.quote, [line.asset for line in listed.lines])
    if listed.previous_day >= listed.trade_day:
        yield "The dealing day before must lie before the dealing day."
    if listed.unit_size < 1 or listed.shares_outstanding < 1:
        yield "A creation unit and the shares outstanding are at least 1."
    if listed.unit_value <= 0 or listed.nav_per_share <= 0:
        yield "The value of a creation unit and of a share is above zero."
    if not 0 <= listed.max_cash_ratio <= 1:
        yield "The most cash is a share between 0 and 1."
    if listed.daily_limit is not None and listed.daily_limit < 1:
        yield "A daily limit is at least 1."
    for line in listed.lines:
        if line.quantity < 0 or line.price <= 0 or line.cash_amount < 0:
            yield f"{line.asset}: quantity and cash are not negative, and the price is above zero."
        if line.creation_premium < 0 or not 0 <= line.redemption_discount <= 1:
            yield f"{line.asset}: premium and discount are shares of the value."
    estimate = cash_part(listed.unit_value, listed.lines, {line.asset: line.price for line in listed.lines})
    if estimate != listed.estimated_cash:
        yield (
            f"Lines and estimated cash do not add up to the value of a creation unit: by its lines the cash "
            f"is {to_text(estimate)}, the list says {to_text(listed.estimated_cash)}."
        )


def _disclosure_faults(told: DailyDisclosure) -> Iterator[str]:
    yield from _name_faults(told.product, told.quote, [line.asset for line in told.lines])
    if told.shares_outstanding < 1 or told.nav <= 0 or told.nav_per_share <= 0:
        yield "Shares outstanding, NAV and NAV per share are above zero."
    if (told.market_price is None) != (told.premium is None):
        yield "A market price has a premium, and without one there is none."


def _name_faults(product: str, quote: str, assets: list[str]) -> Iterator[str]:
    try:
        parse_slug(product, what="product")
    except BadNameError as error:
        yield error.message
    for asset in (quote, *assets):
        if _ASSET.fullmatch(asset) is None:
            yield f"{asset[:60]!r} is not the id of an asset."
    for asset, count in Counter(assets).items():
        if count > 1:
            yield f"{asset} stands {count} times."
