"""Leveraged products explained: ready rules, replays, profiles, theory, and where a return came from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated

from fastapi import File, Form, Path, Query, UploadFile
from pydantic import Field

from truenav.app.etp.analysis.histories import Sent, history_of_files, history_of_question
from truenav.app.etp.analysis.profiles import DecayTheory, ProfileQuestion, Profiles, decay_theory, profiles
from truenav.app.etp.analysis.questions import FileQuestion, ReplayQuestion, SeenMarks
from truenav.app.etp.analysis.recorded import attribution
from truenav.app.etp.analysis.replays import Replays, replays
from truenav.app.etp.analysis.rule_sets import (
    CheckedRules,
    ReadyFamily,
    check_rules,
    ready_families,
    rule_sets,
)
from truenav.app.etp.reading import find_listing
from truenav.app.house import House
from truenav.app.http.context import CallerDep, HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.login import Caller
from truenav.app.http.models import Answer, Body, Number
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, requires
from truenav.app.http.spans import SpanDep
from truenav.app.http.strict_json import parse_json
from truenav.app.http.uploads import uploaded_name
from truenav.app.sight import sight_of
from truenav.calc.etp.explain.attribution import Explanation
from truenav.connect.products.rules import read_family
from truenav.connect.products.writing import write_products
from truenav.core.canonical import decode
from truenav.core.product import Product
from truenav.store.database import Session

UPLOAD_LIMIT = 32 * 1024 * 1024
"""Bytes of a file of prices and those beside it; larger ones are replayed by the command line."""

QUESTION_BYTES = 256 * 1024

router = Router(tags=["products"])

IdPath = Annotated[str, Path(max_length=64)]
_READ = [requires("product:read", sight="narrowed")]
_COMPUTES = [requires("product:read", transaction=False, sight="narrowed")]
"""Changes nothing, so nothing is kept of it; a transaction lasts only while something is read."""


class RuleFileBody(Body):
    """A rule file, YAML or JSON."""

    text: Annotated[str, Field(max_length=QUESTION_BYTES)]


class RuleFileAnswer(Answer):
    """A rule file in YAML."""

    text: str


@router.get("/product-families", dependencies=_READ)
def list_product_families() -> list[Record[ReadyFamily]]:
    """The ready rule files: products, sources, what contradicts itself in them, what was assumed."""
    return list(ready_families())


@router.get("/product-families/{family}", dependencies=_READ)
def get_product_family(family: IdPath) -> list[Record[Product]]:
    """The products of a ready rule file with all their rules."""
    return list(read_family(family))


@router.post("/product-rule-checks", dependencies=_COMPUTES)
def check_product_rules(rules: RuleFileBody) -> Record[CheckedRules]:
    """Whether a rule file can be followed, and if not, what is wrong on which line. Nothing is kept."""
    return check_rules(rules.text)


@router.get("/product-rule-files/{listing}", dependencies=_READ)
def get_product_rule_file(
    listing: IdPath, principal: PrincipalDep, session: SessionDep, sight: SightDep
) -> RuleFileAnswer:
    """The rules of a product that is run here as a rule file, to be read, checked and changed."""
    product = find_listing(session, principal, sight, listing).product
    return RuleFileAnswer(text=write_products([product]))


@router.post("/product-replays", dependencies=_COMPUTES, responses=refusals(404))
def replay_rules(
    question: Record[ReplayQuestion], caller: CallerDep, house: HouseDep, now: NowDep
) -> Record[Replays]:
    """Rule sets side by side on a described path, on given marks, or on those that a product has seen."""
    history = question.history
    with _reading(house, caller) as reader:
        sets = rule_sets(question.rules, question.text, reader.product)
        if isinstance(history, SeenMarks):
            reader.product(history.listing)
        marks = history_of_question(history, reader.session, now=now)
    name = history.listing if isinstance(history, SeenMarks) else ""
    return replays(name, marks, sets, question.manner)


@router.post(
    "/product-replays/file",
    dependencies=[
        requires(
            "product:read", transaction=False, sight="narrowed", body_limit=UPLOAD_LIMIT + QUESTION_BYTES
        )
    ],
    responses=refusals(404),
)
def replay_rules_on_file(
    file: UploadFile,
    question: Annotated[
        str, Form(max_length=QUESTION_BYTES, description="JSON: rules, text, reading, manner")
    ],
    *,
    funding: Annotated[UploadFile | None, File(description="Funding rates: time and rate")] = None,
    rolls: Annotated[
        UploadFile | None, File(description="Rolls of a future: time, and expiring over next price")
    ] = None,
    caller: CallerDep,
    house: HouseDep,
    now: NowDep,
) -> Record[Replays]:
    """Rule sets side by side on the prices of a CSV or Parquet file, with files of funding rates and of rolls
    where they are not beside the prices. Nothing is kept.
    """
    prices, asked = _sent(file), decode(FileQuestion, parse_json(question.encode()))
    more = {"funding": _sent(funding) if funding else None, "rolls": _sent(rolls) if rolls else None}
    with _reading(house, caller) as reader:
        sets = rule_sets(asked.rules, asked.text, reader.product)
    marks = history_of_files(prices, asked.reading, now=now, **more)
    return replays(prices.name, marks, sets, asked.manner)


@router.post("/product-profiles", dependencies=_COMPUTES, responses=refusals(404))
def profile_rules(question: Record[ProfileQuestion], caller: CallerDep, house: HouseDep) -> Record[Profiles]:
    """What rule sets mean before any price: risk note, where they act, a day one way, two moves in turn."""
    with _reading(house, caller) as reader:
        sets = rule_sets(question.rules, question.text, reader.product)
    return profiles(question, sets)


@router.get("/product-decay", dependencies=_READ)
def get_product_decay(
    *,
    leverage: Annotated[Number, Query(description="Target, such as 3 or -3")],
    volatility: Annotated[Number, Query(description="Of a year; 0.8 is 80 %")],
    days: Annotated[Number, Query(description="How long")] = Decimal(365),
    drift: Annotated[Number, Query(description="Return of the underlying in that time")] = Decimal(0),
    fee: Annotated[Number, Query(description="Of NAV, charged each day")] = Decimal(0),
) -> Record[DecayTheory]:
    """The return that theory expects of a product rebalanced without pause, and the curve of decay."""
    return decay_theory(leverage, drift, volatility, days, fee)


@router.get("/product-attributions/{listing}", dependencies=_READ)
def get_product_attribution(
    listing: IdPath, principal: PrincipalDep, session: SessionDep, sight: SightDep, window: SpanDep
) -> Record[Explanation]:
    """Where the return of a running product came from in any window, in parts that sum exactly."""
    found = find_listing(session, principal, sight, listing)
    return attribution(session, found, window.since, window.until)


def _sent(file: UploadFile) -> Sent:
    return Sent(uploaded_name(file), file.file.read())


class _Reader:
    """What a question may look up, in a transaction of its own, by who asks."""

    def __init__(self, session: Session, caller: Caller) -> None:
        self.session = session
        self._principal = caller.principal
        self._sight = sight_of(session, caller.principal)

    def product(self, listing: str) -> Product:
        """The rules of a product that is run here; ``DefinitionNotFoundError`` where none is in sight."""
        return find_listing(self.session, self._principal, self._sight, listing).product


@contextmanager
def _reading(house: House, caller: Caller) -> Iterator[_Reader]:
    with house.database.transaction(caller.principal.tenant, snapshot=True) as session:
        yield _Reader(session, caller)
