"""Cells of files: texts that no spreadsheet runs, tickers that mean one asset, and lines of CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from truenav.core.asset import AssetBook
from truenav.core.money import AssetId

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BATCH = 500


def neutral(text: str) -> str:
    """The text so that no spreadsheet runs it: an apostrophe goes before what could begin a formula."""
    dangerous = text.startswith(_STARTS_FORMULA) or text.lstrip().startswith(_STARTS_FORMULA)
    return f"'{text}" if dangerous else text


def tickers(assets: AssetBook) -> Callable[[AssetId], str]:
    """The ticker of an asset, or its full id where the ticker is shared with another or none is known."""
    shared = Counter(asset.symbol for asset in assets.assets.values())

    def ticker(asset: AssetId) -> str:
        symbol = assets.symbol(asset)
        return asset if shared[symbol] > 1 else symbol

    return ticker


def csv_lines(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, quote_all: bool = False
) -> Iterator[str]:
    """RFC 4180 in pieces of some hundred lines, the header first."""
    buffer = io.StringIO(newline="")
    if quote_all:
        writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    else:
        writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for count, row in enumerate(rows, 1):
        writer.writerow(row)
        if count % _BATCH == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
