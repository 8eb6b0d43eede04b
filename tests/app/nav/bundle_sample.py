"""A small fund with everything that a bundle can hold: the content of the golden bundle.

Two accounts whose positions came in the same bytes, figures from files, a contract, a manual item entered,
corrected and the correction made void, and a NAV of the day before. Imports ``truenav`` alone, so that
other Python versions can run it: ``python bundle_sample.py`` verifies and rebuilds the golden bundle and
prints the SHA-256 of what it built. With ``--write`` it writes the golden bundle anew, which a change of
method or format calls for.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from truenav.app.nav.bundle import Content, RunRecord, build_bundle, derive_facts
from truenav.app.proof.signing import Signer
from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.calc.nav.model import FundNav, NavInputs
from truenav.calc.nav.strike import strike_nav
from truenav.connect.contract import ParseContext
from truenav.connect.manual.entry import ManualEntry, entry_payload
from truenav.connect.registry import parse
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BTC, BUILTIN_ASSETS, USD, USDT, AssetAlias, AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Fact, ManualItem, ManualKind, QuoteKind, Void
from truenav.core.ids import AccountId, NodeId, RunId, Sha256, ShareClassId, UserId
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind, instrument_id
from truenav.core.money import Amount
from truenav.core.policy import (
    OWN_QUOTE,
    AssetNumeraire,
    NavPolicy,
    PriceSource,
    PricingPolicy,
    PricingRule,
)
from truenav.core.portfolio import ByShare, Node, NodeKind, ShareClass, SubBookRule

GOLDEN = Path(__file__).parents[2] / "golden/nav/bundle/small.zip"
SIGNER = Signer(bytes(range(32)))
OTHER_SIGNER = Signer(bytes(range(1, 33)))

FIRST_DAY = datetime(2026, 1, 1, 16, tzinfo=UTC)
SECOND_DAY = FIRST_DAY + timedelta(days=1)
PERP = instrument_id("okx", "BTC-USDT-SWAP")
NO_POSITIONS = b'{"code":"0","data":[],"msg":""}'
POSITIONS = (
    b'{"code":"0","data":[{"avgPx":"50100.5","instId":"BTC-USDT-SWAP","instType":"SWAP",'
    b'"pos":"-1.5","posSide":"net"}],"msg":""}'
)


class Gathered:
    """Payloads and how they were received, as a fund collects them."""

    def __init__(self) -> None:
        self.evidence: list[Evidence] = []
        self.payloads: dict[Sha256, bytes] = {}

    def received(self, at: datetime, connector: str, endpoint: str, body: bytes, account: str = "") -> None:
        sha = Sha256(sha256_hex(body))
        url = {"files": f"file:{endpoint.split('/')[0]}.csv"}.get(
            connector, f"https://example.org/{endpoint}"
        )
        self.evidence.append(
            Evidence(sha, len(body), connector, "1", endpoint, account, Request("GET", url), at, at, 200)
        )
        self.payloads[sha] = body

    def entered(self, entry: ManualEntry) -> None:
        payload = entry_payload(entry)
        self.evidence.append(payload.evidence)
        self.payloads[payload.evidence.sha256] = payload.body


def content() -> Content:
    """The second day of the small fund, calculated."""
    gathered = _gathered()
    first = _inputs(FIRST_DAY)
    first = replace(first, facts=_facts(first, gathered))
    second = _inputs(SECOND_DAY, previous=strike_nav(first).funds)
    second = replace(second, facts=_facts(second, gathered))
    run = RunRecord(
        RunId("alpha-20260102t160000-0001"), "scheduler", "bob@fund.example", "carol@fund.example"
    )
    known = tuple(one for one in gathered.evidence if one.answered_at <= second.known_at)
    return Content(run, second, strike_nav(second), known, gathered.payloads)


def _facts(inputs: NavInputs, gathered: Gathered) -> tuple[Fact, ...]:
    known = [one for one in gathered.evidence if one.answered_at <= inputs.known_at]
    return derive_facts(inputs, known, gathered.payloads)


def _gathered() -> Gathered:
    found = Gathered()
    for day, (held, price, mark) in enumerate(
        ((("2", "9000"), "50000", "50050"), (("2.5", "8800"), "51000", "51020"))
    ):
        at = (FIRST_DAY, SECOND_DAY)[day] - timedelta(minutes=5)
        when = at.isoformat()
        balances = "account,as_of,wallet,asset,amount\n" + "".join(
            f"{account},{when},trading,{asset},{number}\n"
            for account in ("okx-a", "okx-b")
            for asset, number in zip(("BTC", "USDT"), held, strict=True)
        )
        prices = (
            "at,base,quote,price,kind\n"
            f"{when},BTC,USD,{price},last\n{when},USDT,USD,0.9995,last\n{when},{PERP},USDT,{mark},mark\n"
        )
        found.received(at, "files", "balances/1", balances.encode())
        found.received(at, "files", "prices/1", prices.encode())
        for account in ("okx-a", "okx-b"):
            found.received(at, "okx", "positions/1", NO_POSITIONS if day == 0 else POSITIONS, account)
    found.received(
        FIRST_DAY,
        "files",
        "dealings/1",
        b"fund,share_class,external_id,occurred_at,kind,investor,units,amount,currency\n"
        b"alpha,alpha-a,d1,2026-01-01T15:00:00Z,subscription,investor-1,1000,218000,USD\n",
    )
    found.received(
        SECOND_DAY,
        "files",
        "trades/1",
        b"account,external_id,occurred_at,wallet,instrument,side,quantity,price,fee,fee_asset\n"
        b"okx-a,t1,2026-01-02T10:00:00Z,trading,okx:BTC-USDT-SWAP,sell,1.5,50100.5,2,USDT\n",
    )
    _manual(found)
    return found


def _manual(found: Gathered) -> None:
    """An item, its correction, and the void of the correction: three payloads of which none is in force."""

    def entry(name: str, body: object, minutes: int, supersedes: Sha256 | None = None) -> ManualEntry:
        at = SECOND_DAY - timedelta(minutes=minutes)
        return ManualEntry(
            name, "alpha", SECOND_DAY - timedelta(hours=1), body, UserId("alice"), "told so", at, supersedes
        )

    def stated(one: ManualEntry) -> Sha256:
        payload = entry_payload(one)
        return parse(payload.evidence, payload.body, _NO_CONTEXT).facts[0].content_hash

    item = ManualItem(NodeId("alpha"), ManualKind.OTHER, Amount(Decimal("-250.25"), USD), "audit fee")
    kept = entry("item-1", item, 40)
    wrong = entry("item-2", replace(item, reason="doubled"), 30)
    void = entry("item-2-void", Void("entered twice"), 20, stated(wrong))
    for one in (kept, wrong, void):
        found.entered(one)


_NO_CONTEXT = ParseContext(AssetBook((), ()), InstrumentBook(()))


def _inputs(at: datetime, previous: tuple[FundNav, ...] = ()) -> NavInputs:
    fund = NodeId("alpha")
    accounts = (AccountId("okx-a"), AccountId("okx-b"))
    return NavInputs(
        fund=fund,
        as_of=at,
        known_at=at,
        nodes=(Node(fund, "Alpha Fünf", NodeKind.FUND),),
        rules=tuple(SubBookRule(account, 0, fund, ByShare(Decimal(1))) for account in accounts),
        accounts=tuple(
            Account(account, account, "okx", AccountKind.EXCHANGE, ("trading",)) for account in accounts
        ),
        share_classes=(ShareClass(ShareClassId("alpha-a"), fund, "A", USD, Decimal("0.02")),),
        assets=tuple(asset for asset in BUILTIN_ASSETS if asset.id in (USD, USDT, BTC)),
        aliases=tuple(
            AssetAlias("*", code, asset) for code, asset in (("USD", USD), ("USDT", USDT), ("BTC", BTC))
        ),
        instruments=(
            Instrument(
                PERP, "okx", "BTC-USDT-SWAP", InstrumentKind.PERPETUAL, BTC, USDT, USDT, Decimal("0.01")
            ),
        ),
        pricing=PricingPolicy(
            "files",
            (
                PricingRule(
                    "contract:perpetual",
                    (PriceSource("file:prices", QuoteKind.MARK, OWN_QUOTE),),
                    900,
                    86_400,
                ),
                PricingRule("*", (PriceSource("file:prices", QuoteKind.LAST, USD),), 900, 86_400),
            ),
        ),
        policy=NavPolicy("default", reconciliation_tolerance=Decimal(10_000)),
        numeraires=(AssetNumeraire("BTC", BTC), AssetNumeraire("USD", USD)),
        facts=(),
        previous=previous,
    )


def main() -> None:
    """Verify the golden bundle and build it again."""
    if sys.argv[1:] == ["--write"]:
        GOLDEN.write_bytes(build_bundle(content(), SIGNER))
    golden = GOLDEN.read_bytes()
    found = verify_bundle(golden, key=SIGNER.public_key)
    if found.verdict is not Verdict.IDENTICAL:
        sys.exit(found.difference)
    print(sha256_hex(build_bundle(content(), SIGNER)))


if __name__ == "__main__":
    main()
