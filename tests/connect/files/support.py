"""A house that knows the assets of these tests, and short ways to read files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from truenav.connect.contract import ParseContext
from truenav.connect.files import Layout, check, sniff
from truenav.core.asset import (
    ANY_VENUE,
    BUILTIN_ALIASES,
    BUILTIN_ASSETS,
    Asset,
    AssetAlias,
    AssetBook,
    AssetKind,
)
from truenav.core.instrument import InstrumentBook

T0 = datetime(2026, 2, 1, tzinfo=UTC)
FIAT = ("CAD", "AUD", "CHF")


def house(*tickers: str) -> ParseContext:
    """A context with the built-in assets and one for each further ticker."""
    kinds = {ticker: AssetKind.FIAT if ticker in FIAT else AssetKind.CRYPTO for ticker in (*FIAT, *tickers)}
    more = [Asset(f"test:{ticker}", ticker, ticker, kind, 8) for ticker, kind in kinds.items()]
    aliases = (*BUILTIN_ALIASES, *(AssetAlias(ANY_VENUE, one.symbol, one.id) for one in more))
    return ParseContext(AssetBook((*BUILTIN_ASSETS, *more), aliases), InstrumentBook(()))


HOUSE = house("LTC", "CRO", "ADA", "XMR", "BNB", "SOL", "DOGE", "KCS", "MCO", "NEXO", "LUNA")


def read(text: str | bytes, layout: Layout | None = None, *, account: str = "acc", **changes: object):
    """The report of a file by the layout that its header says, or by a given one."""
    data = text if isinstance(text, bytes) else text.encode()
    chosen = layout or known(data)
    if changes:
        chosen = replace(chosen, **changes)
    return check("export.csv", data, HOUSE, imported_at=T0, layout=chosen, account=account)


def known(text: str | bytes) -> Layout:
    """The built-in layout of a file that asks nothing."""
    sniffed = sniff("export.csv", text if isinstance(text, bytes) else text.encode())
    assert sniffed.layout is not None, sniffed
    assert sniffed.questions == ()
    return sniffed.layout


def facts(text: str | bytes, layout: Layout | None = None, **changes: object):
    """The facts of a file without problems."""
    report = read(text, layout, **changes)
    assert report.problems == ()
    return report.facts


def problem(text: str | bytes, layout: Layout | None = None, **changes: object):
    """The only problem of a file that states nothing."""
    report = read(text, layout, **changes)
    assert report.facts == ()
    assert report.problem_count == 1, report.problems
    found = report.problems[0]
    assert found.message
    assert found.mend
    return found


def said(fact) -> str:
    """A fact in one line, for golden files."""
    from truenav.core.canonical import encode

    def amount(one) -> str:
        return "" if one is None else f"{one['number']} {HOUSE.assets.symbol(one['asset'])}"

    body = encode(fact.body)
    parts = [body["wallet"], body.get("instrument") or "", body.get("kind", "")]
    parts += [f"{body[name]}" for name in ("quantity", "price") if name in body]
    parts += [amount(body.get("amount")), amount(body.get("cost")), amount(body.get("fee"))]
    parts += [amount(fee) for fee in body.get("fees", [])]
    parts += [body.get(name, "") for name in ("order_id", "counterpart", "txid")]
    when = encode(fact.occurred_at)
    return " | ".join([when, fact.account, fact.kind, *(part for part in parts if part)])
