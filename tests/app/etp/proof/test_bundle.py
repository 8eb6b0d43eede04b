"""The bundle of a product: anyone runs it again from what venues sent, and every edit is found."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from tests.app.nav.bundle_tools import contents, resealed, second_opinion

from truenav.app.etp.live.product import DoneTwiceError, RunningProduct, replayed
from truenav.app.etp.proof.bundle import (
    Content,
    Definitions,
    ProductRecord,
    build_bundle,
    payloads_of,
)
from truenav.app.proof.signing import Signer
from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.calc.etp.engine.calendar import instant_of, microseconds
from truenav.calc.etp.live.deeds import Approved, Closed, Filled
from truenav.calc.etp.live.hedged import remaining
from truenav.calc.etp.live.state import Fill
from truenav.connect.contract import ParseContext
from truenav.connect.rates import FundingRate
from truenav.connect.registry import parse
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import AccountId, Sha256
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind
from truenav.core.money import Amount, AssetId
from truenav.store.products import Chapter

from ..listings import OPENED, PERPETUAL, listing

SECOND = timedelta(seconds=1)
SIGNER = Signer(bytes(range(32)))
BITCOIN, USDT = (one.id for code in ("BTC", "USDT") for one in BUILTIN_ASSETS if one.symbol == code)
TERMS = Instrument(PERPETUAL, "binance", "BTCUSDT", InstrumentKind.PERPETUAL, BITCOIN, USDT, USDT, Decimal(1))
CONTEXT = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook([TERMS]))


@dataclass
class Venue:
    """What Binance sent, and how it was received."""

    evidence: list[Evidence] = field(default_factory=list)
    bodies: dict[Sha256, bytes] = field(default_factory=dict)

    def sends(self, endpoint: str, document: object, at: datetime) -> Evidence:
        body = json.dumps(document, separators=(",", ":")).encode()
        sha = Sha256(sha256_hex(body))
        asked = Request("GET", "https://venue.test", ())
        found = Evidence(sha, len(body), "binance", "1", endpoint, "", asked, at, at, 200)
        self.evidence.append(found)
        self.bodies[sha] = body
        return found

    def mark(self, price: str, at: datetime):
        """The fact of a message of the stream of marks."""
        stamp = round(at.timestamp() * 1000)
        data = {"e": "markPriceUpdate", "E": stamp, "s": "BTCUSDT", "p": price, "i": price}
        message = {"stream": "btcusdt@markPrice@1s", "data": data}
        told = self.sends("usdm.stream.markPrice/1", message, at)
        return parse(told, self.bodies[told.sha256], CONTEXT).facts[0]


def bought(venue: Venue, running: RunningProduct) -> Fill:
    """All that the open proposal asks for, filled a second after its mark, as the venue tells it."""
    at, quantity = instant_of(running.live.mark.at) + SECOND, remaining(running.live)
    row = {
        "id": 77,
        "orderId": 5,
        "symbol": "BTCUSDT",
        "side": "BUY",
        "qty": str(quantity),
        "price": "50001",
        "commission": "9",
        "commissionAsset": "USDT",
        "maker": False,
        "time": round(at.timestamp() * 1000),
    }
    venue.sends("usdm.order.trades/1", [row], at + SECOND)
    return Fill("etp-1234/77", microseconds(at), quantity, Decimal(50001), Decimal(9))


def lived(venue: Venue) -> tuple[dict[str, object], tuple[Chapter, ...]]:
    """A hedged product through its first purchase, quiet marks, the daily event and published funding."""
    one = listing(hedge_account=AccountId("desk"), published_rates=True)
    running, chapters = RunningProduct(one, 3, None), []

    def see(price: str, seconds: int, rates=()) -> None:
        told = venue.mark(price, OPENED + seconds * SECOND)
        running.see(told, at=told.occurred_at, rates=rates)

    def act(id: str, what) -> None:
        running.act(id, what, by="max", at=instant_of(running.live.mark.at) + SECOND)

    def write() -> None:
        chapter = running.chapter()
        running.written(chapter)
        chapters.append(chapter)

    see("50000", 0)
    act("a1", Approved(1))
    act("f1", Filled(1, bought(venue, running)))
    act("c1", Closed(1, 0, "done"))
    write()
    for number in range(1, 6):
        see(f"5000{number}", number)
    write()
    see("50500", 180)
    write()
    at = OPENED + 60 * SECOND
    row = {"symbol": "BTCUSDT", "fundingTime": round(at.timestamp() * 1000), "fundingRate": "0.00010000"}
    told = venue.sends("usdm.fundingRate/1", [row], OPENED + 190 * SECOND)
    see("50600", 200, (FundingRate(at, Decimal("0.0001"), told.sha256),))
    write()
    return {"3": one}, tuple(chapters)


def content() -> Content:
    venue = Venue()
    listings, chapters = lived(venue)
    trades = {one.sha256 for one in venue.evidence if one.endpoint == "usdm.order.trades/1"}
    kept = payloads_of(chapters) | trades
    return Content(
        ProductRecord("btc3l", "fay", OPENED + timedelta(hours=1)),
        Definitions(listings, (TERMS,), tuple(BUILTIN_ASSETS), tuple(BUILTIN_ALIASES)),
        chapters,
        tuple(one for one in venue.evidence if one.sha256 in kept),
        {sha: body for sha, body in venue.bodies.items() if sha in kept},
    )


CONTENT = content()
BUNDLE = build_bundle(CONTENT, SIGNER)


def edited(name: str, number: int, change) -> bytes:
    """The bundle with one record changed, sealed anew by its own signer."""
    files = contents(BUNDLE)
    lines = files[name].split(b"\n")
    record = json.loads(lines[number])
    change(record)
    lines[number] = canonical_json(record)
    return resealed(files | {name: b"\n".join(lines)}, SIGNER)


def test_a_product_is_run_again_from_its_bundle_byte_for_byte():
    found = verify_bundle(BUNDLE, key=SIGNER.public_key)
    assert (found.verdict, found.difference) == (Verdict.IDENTICAL, "")
    assert (found.product, found.run, found.facts) == ("btc3l", "chapters 1 to 4", 8 + 1 + 3)
    assert verify_bundle(BUNDLE).verdict is Verdict.SIGNER_NOT_VERIFIED
    assert second_opinion(BUNDLE, SIGNER.public_key) == ""


def test_of_quiet_marks_only_the_ends_of_a_chapter_have_their_payloads_in_the_bundle():
    assert len(CONTENT.chapters[1].marks) == 5
    marks, funding, trades = 1 + 2 + 1 + 1, 1, 1
    assert len(CONTENT.payloads) == marks + funding + trades


def test_the_same_content_gives_the_same_bytes_in_whatever_order_it_was_received():
    assert build_bundle(replace(CONTENT, evidence=CONTENT.evidence[::-1]), SIGNER) == BUNDLE


@pytest.mark.parametrize(
    ("name", "line", "change", "said"),
    [
        ("result.jsonl", 3, lambda row: row["live"]["actual"].update(cash="1"), "result.jsonl line 4"),
        ("result.jsonl", 2, lambda row: row["steps"].clear(), "result.jsonl line 3"),
        ("facts.jsonl", 0, lambda row: row["marks"][0].update(price="50000.5"), "does not state the price"),
        ("facts.jsonl", 1, lambda row: row["marks"][4].update(price="50004"), "does not state the price"),
        ("facts.jsonl", 1, lambda row: row["marks"][2].update(price="44000"), "missing"),
        (
            "facts.jsonl",
            0,
            lambda row: row["deeds"][1]["what"]["fill"].update(price="49000"),
            "the fill etp-1234/77",
        ),
        ("facts.jsonl", 0, lambda row: row["deeds"][1]["what"]["fill"].update(fee="0"), "no payload states"),
        ("facts.jsonl", 3, lambda row: row["rates"][0].update(rate="0.0002"), "does not state the rate"),
        ("facts.jsonl", 0, lambda row: row["deeds"].pop(), "result.jsonl line 1"),
        ("facts.jsonl", 0, lambda row: row.update(extra=1), "unknown field 'extra'"),
        ("facts.jsonl", 2, lambda row: row.update(number=9), "of another chapter"),
        ("run.jsonl", 0, lambda row: row.update(made_at="2026-01-30T23:59:00Z"), "already computed"),
        ("run.jsonl", 0, lambda row: row.update(format="truenav-product/9"), "truenav-product/1 only"),
    ],
)
def test_an_edit_that_its_own_signer_made_is_found_by_running_the_product_again(name, line, change, said):
    found = verify_bundle(edited(name, line, change), key=SIGNER.public_key)
    assert found.verdict is Verdict.DIFFERENT
    assert said in found.difference


def _forged(change) -> bytes:
    """The bundle of another first chapter, with all that follows from it, by the product's own signer."""
    first, *rest = CONTENT.chapters
    given = replace(CONTENT, chapters=(change(first), *rest))
    with suppress(DoneTwiceError):
        given = replace(given, chapters=tuple(replayed(given.chapters, given.definitions.versions)))
    return build_bundle(given, SIGNER)


def _booked(**changed):
    """The fill of the first chapter changed."""

    def change(chapter: Chapter) -> Chapter:
        approved, traded, closed = chapter.deeds
        what = replace(traded.what, fill=replace(traded.what.fill, **changed))
        return replace(chapter, deeds=(approved, replace(traded, what=what), closed))

    return change


def _booked_again(id: str, fill: str):
    """The fill of the first chapter booked once more, under other names."""

    def change(chapter: Chapter) -> Chapter:
        traded = chapter.deeds[1]
        what = replace(traded.what, fill=replace(traded.what.fill, id=fill))
        return replace(chapter, deeds=(*chapter.deeds, replace(traded, id=id, what=what)))

    return change


def _with_other_fees(chapter: Chapter) -> Chapter:
    approved, traded, closed = chapter.deeds
    fee = Amount(Decimal(5), AssetId("binance:BNB"))
    what = replace(traded.what, other_fees=(fee,))
    return replace(chapter, deeds=(approved, replace(traded, what=what), closed))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_booked(quantity=Decimal(-6)), "no payload states the fill etp-1234/77, -6 at 50001"),
        (_booked(at=microseconds(OPENED)), "no payload states the fill"),
        (_booked_again("f1", "etp-1234/77"), "f1 of btc3l was done before"),
        (_booked_again("f2", "etp-1234/77"), "etp-1234/77 was booked before"),
        (_booked_again("f2", "etp-5678/77"), "etp-5678/77 was booked before"),
        (_with_other_fees, "no payload states the fill"),
        (lambda chapter: replace(chapter, source="kraken"), "from kraken"),
    ],
)
def test_a_forgery_with_all_that_follows_from_it_is_found_by_what_the_venue_said(change, said):
    found = verify_bundle(_forged(change), key=SIGNER.public_key)
    assert (found.verdict, said in found.difference) == (Verdict.DIFFERENT, True), found.difference


LISTING = CONTENT.definitions.listings["3"]


@pytest.mark.parametrize(
    ("listings", "said"),
    [
        ({"3": replace(LISTING, id="other")}, "not that of run.jsonl"),
        ({"3": replace(LISTING, opened_at=OPENED + SECOND)}, "before the opening"),
        ({"03": LISTING}, "version '03'"),
        ({"3": LISTING, "03": replace(LISTING, opening_nav=Decimal(7))}, "version '03'"),
        ({"3": LISTING, "4": LISTING}, "version '4'"),
        ({"4": LISTING}, "version '3'"),
    ],
)
def test_listings_that_are_not_those_the_product_was_run_by_are_named(listings, said):
    given = replace(CONTENT, definitions=replace(CONTENT.definitions, listings=listings))
    found = verify_bundle(build_bundle(given, SIGNER), key=SIGNER.public_key)
    assert (found.verdict, said in found.difference) == (Verdict.DIFFERENT, True), found.difference


def test_a_rule_that_was_changed_afterwards_leads_to_another_product():
    def cheaper(row):
        row["value"]["3"]["product"]["terms"][0]["fees"][0]["rate"] = "0.0002"

    files = contents(BUNDLE)
    lines = files["definitions.jsonl"].split(b"\n")[:-1]
    number = next(n for n, line in enumerate(lines) if json.loads(line)["key"] == "listings")
    found = verify_bundle(edited("definitions.jsonl", number, cheaper), key=SIGNER.public_key)
    assert found.verdict is Verdict.DIFFERENT
    assert "result.jsonl line 3" in found.difference


def test_a_chapter_left_out_and_a_payload_that_states_nothing_are_named():
    files = contents(BUNDLE)
    shorter = {
        name: b"".join(line + b"\n" for n, line in enumerate(files[name].split(b"\n")[:-1]) if n != 1)
        for name in ("facts.jsonl", "result.jsonl")
    }
    assert "none left out" in verify_bundle(resealed(files | shorter, SIGNER)).difference
    stray = b"{}"
    more = files | {f"payloads/{sha256_hex(stray)}": stray}
    assert "has no line in evidence.jsonl" in verify_bundle(resealed(more, SIGNER)).difference


def test_any_flipped_byte_breaks_the_seal():
    for place in range(0, len(BUNDLE), 37):
        flipped = bytearray(BUNDLE)
        flipped[place] ^= 1
        assert verify_bundle(bytes(flipped), key=SIGNER.public_key).verdict is Verdict.DIFFERENT
