"""Good inputs to begin with: each payload of `tests/payloads` with the parsers that read it, and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from tests.connect.files.support import HOUSE

from truenav.connect import registry
from truenav.connect.contract import ParseContext, Parsed
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.failure import TruenavError

PAYLOADS = Path(__file__).parents[2] / "payloads"
EXPORTS = Path(__file__).parents[1] / "files" / "exports"
T0 = datetime(2026, 11, 20, 9, tzinfo=UTC)
NOTES = (
    ("local:owner", "1000"),
    ("local:vaults", '["p1"]'),
    ("local:session_profits", ""),
    ("local:executed", ""),
    ("local:subaccounts", ""),
    ("local:flexible", ""),
    ("local:wallet", "spot"),
    ("local:units", "XBt=XBT:8,USDt=USDT:6,BMEx=BMEX:6"),
)
"""What connectors note of an answer, so that their parsers read on."""
FIX = (
    b"8=FIX.4.4|9=180|35=8|34=2|49=DESK|56=FUND|52=20261120-09:00:00.000|37=o1|11=c1|17=e1|150=F|39=2|"
    b"55=BTC/USD|54=1|38=1|32=1|31=60000.5|151=0|14=1|6=60000.5|60=20261120-09:00:00.000|15=BTC|"
    b"64=20261121|12=3|13=3|479=USD|10=123|"
).replace(b"|", b"\x01")
ECB = (
    b'<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
    b'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube><Cube time="2026-11-19">'
    b'<Cube currency="USD" rate="1.1"/><Cube currency="CHF" rate="0.95"/></Cube></Cube></gesmes:Envelope>'
)
VENDOR = (
    b'{"prices":[{"pair":"BTC-USD","price":"61000.5","at":"2026-11-20T09:00:00Z","source":"x","origin":"y"}]}'
)
_LITERAL = {"fix": FIX, "ecb": ECB, "vendor": VENDOR}
_ORDER = re.compile(rb'"order_?id":\s*"?(\d{1,20})', re.ASCII | re.IGNORECASE)
_CONTRACTS = re.compile(r"instr|contract|product|symbol|pair|exchange-info|asset", re.ASCII)


@dataclass(frozen=True, slots=True)
class Seed:
    """An input that a parser reads."""

    connector: str
    endpoint: str
    body: bytes


def evidence(connector: str, endpoint: str, body: bytes) -> Evidence:
    orders = sorted({one.decode() for one in _ORDER.findall(body)})
    tags = ("local:order_tags", ",".join(f"{one}=mm1" for one in orders))
    request = Request("GET", "https://venue.test", (*NOTES, tags))
    return Evidence(sha256_hex(body), len(body), connector, "1", endpoint, "a", request, T0, T0, 200)


def sealed(connector: str, body: bytes) -> bytes:
    """A body as its sender would seal it: a message of FIX gets its length and check sum anew."""
    if connector != "fix":
        return body
    fields = body.split(b"\x01")[2:-2]
    text = b"".join(one + b"\x01" for one in fields)
    whole = b"8=FIX.4.4\x019=%d\x01" % len(text) + text
    return whole + b"10=%03d\x01" % (sum(whole) % 256)


def parse(connector: str, endpoint: str, body: bytes) -> Parsed:
    return registry.parse(evidence(connector, endpoint, body), body, context(connector))


def fuzzed() -> tuple[str, ...]:
    """Connectors with payloads; `files` is fuzzed by its own road."""
    names = (name for name in registry.connector_names() if name != "files")
    return tuple(name for name in names if next(_bodies(name), None))


def _bodies(connector: str) -> Iterator[tuple[str, bytes]]:
    if connector in _LITERAL:
        yield connector, sealed(connector, _LITERAL[connector])
    for path in sorted((PAYLOADS / connector).glob("*.*")):
        yield path.stem, path.read_bytes()


@cache
def context(connector: str) -> ParseContext:
    """The house, knowing the markets that the connector's own payloads list."""
    known = HOUSE
    for name, body in _bodies(connector):
        if not _CONTRACTS.search(name):
            continue
        for endpoint in _alike(connector, name)[:3]:
            parsed = _try(connector, endpoint, body, known)
            if parsed is not None and parsed.instruments:
                known = known.with_instruments(parsed.instruments)
    return known


def seeds(connector: str) -> tuple[Seed, ...]:
    """All payloads of a connector, each with the parser that reads it."""
    return tuple(seed(connector, name) for name in payloads(connector))


@cache
def payloads(connector: str) -> tuple[str, ...]:
    """Names of a connector's payloads."""
    return tuple(name for name, _ in _bodies(connector))


@cache
def seed(connector: str, name: str) -> Seed:
    """A payload with the parser whose name is most like its own among those that read it."""
    body = dict(_bodies(connector))[name]
    names = _alike(connector, name)
    return Seed(connector, next((one for one in names[:4] if reads(connector, one, body)), names[0]), body)


def reads(connector: str, endpoint: str, body: bytes) -> bool:
    """Whether a parser states anything of a body."""
    parsed = _try(connector, endpoint, body, context(connector))
    return parsed is not None and bool(parsed.facts or parsed.instruments)


def _try(connector: str, endpoint: str, body: bytes, known: ParseContext) -> Parsed | None:
    try:
        return registry.parse(evidence(connector, endpoint, body), body, known)
    except TruenavError:
        return None


def _alike(connector: str, name: str) -> list[str]:
    def likeness(endpoint: str) -> float:
        return SequenceMatcher(None, _plain(endpoint.partition("/")[0]), _plain(name)).ratio()

    return sorted(registry.parsers(connector), key=likeness, reverse=True)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower().removeprefix("get_"))


@cache
def files() -> tuple[tuple[str, bytes], ...]:
    """Exports as programs write them, and statements."""
    paths = [*sorted(EXPORTS.glob("*.csv")), *sorted((PAYLOADS / "statement").glob("*.*"))]
    return tuple((path.name, path.read_bytes()) for path in paths)
