"""What people state: manual items, dealings, fee payments, manual marks, and corrections of any fact.

An entry is evidence like any other: its canonical bytes are archived and parsed by the same registry, so a
bundle holds who said what and why.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.completeness.windows import judge_around
from truenav.app.house import House
from truenav.app.sources.context import parse_context
from truenav.calc.portfolio.tree import FUND_KINDS, Tree, TreeError
from truenav.connect.manual.entry import ManualEntry, entry_payload
from truenav.connect.registry import parse
from truenav.core.account import Account
from truenav.core.canonical import encode
from truenav.core.facts import (
    Body,
    Dealing,
    FeePayment,
    ManualItem,
    NavRecord,
    Quote,
    QuoteKind,
    RecordedFact,
    Void,
)
from truenav.core.failure import ConflictError, InvalidInputError
from truenav.core.ids import Sha256
from truenav.core.money import AssetId
from truenav.core.names import refuse_bad_texts
from truenav.core.portfolio import Node, ShareClass
from truenav.store import audit, definitions, evidence
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.journal import Journal


class EntryConflictError(ConflictError):
    """An entry with this id says something else already."""

    code = "entry-conflict"
    title = "This entry exists with other content"


def enter(
    session: Session,
    house: House,
    principal: Principal,
    body: Body,
    *,
    occurred_at: datetime,
    reason: str,
    external_id: str | None = None,
    account: str | None = None,
    supersedes: Sha256 | None = None,
) -> RecordedFact:
    """Record what a person states, with the reason; the audit entry is in the same transaction.

    ``supersedes`` makes it a correction of that fact (a ``Void`` body takes it back). ``account`` is
    needed only for bodies that do not name their fund or node themselves.
    """
    if not reason.strip():
        raise InvalidInputError("An entry needs a reason; say why, and where it can be checked.")
    about = _about(body, account)
    authorize(principal, _action(body, supersedes), Resource(principal.tenant, "entry", about))
    _refuse_foreign(session, body, about)
    journal = Journal(session, house.objects, principal.tenant)
    if isinstance(body, Void):
        if supersedes is None:
            raise InvalidInputError("A void must name the fact that it takes back.")
        about = journal.get(supersedes).fact.account
    now = house.clock.now()
    entry = ManualEntry(
        external_id=external_id or f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        account=about,
        occurred_at=occurred_at,
        body=body,
        actor=principal.user,
        reason=reason,
        entered_at=now,
        supersedes=supersedes,
    )
    refuse_bad_texts(encode(entry), what="entry")
    payload = entry_payload(entry)
    (fact,) = parse(payload.evidence, payload.body, parse_context(session)).facts
    evidence.put_many(session, house.blobs(principal.tenant), [(payload.evidence, payload.body)])
    result = journal.append([fact], recorded_at=now)
    if result.conflicts:
        raise EntryConflictError(
            f"An entry {entry.external_id!r} exists already and says something else, or what it corrects was "
            "corrected already. Read it again."
        )
    corrected = [] if supersedes is None else [journal.get(supersedes).fact]
    judge_around(session, journal, parse_context(session).instruments, [fact, *corrected], now=now)
    audit.append(
        session,
        actor=principal.user,
        action=f"entry.{fact.kind}",
        subject=about or entry.external_id,
        at=now,
        detail={"fact": fact.content_hash, "reason": reason, "supersedes": supersedes},
    )
    return RecordedFact(fact, now) if result.appended else journal.get(fact.content_hash)


def _action(body: Body, supersedes: Sha256 | None) -> str:
    if supersedes is not None or not isinstance(body, Dealing | FeePayment | ManualItem | Quote | NavRecord):
        return "fact:write"
    return "manual:write"


def _about(body: Body, account: str | None) -> str:
    """The fund or node that the body names itself, nothing for quotes and voids, else the given account."""
    match body:
        case Dealing() | FeePayment() | NavRecord():
            return body.fund
        case ManualItem():
            return body.node
        case Quote() | Void():
            return ""
        case _:
            if not account:
                raise InvalidInputError(f"A {body.TAG} needs the account that it happened in.")
            return account


def _refuse_foreign(session: Session, body: Body, about: str) -> None:
    """Refuse what names accounts, nodes, classes or assets that do not exist, and wrong signs."""
    assets = parse_context(session).assets.assets
    match body:
        case ManualItem():
            _refuse_unknown_node(session, body.node)
            _refuse_unknown_asset(body.amount.asset, assets.keys())
        case Dealing() | FeePayment() | NavRecord():
            tree = Tree(definitions.bodies(session, Kind.NODE, Node))
            classes = {one.id: one for one in definitions.bodies(session, Kind.SHARE_CLASS, ShareClass)}
            if tree.get(body.fund).kind not in FUND_KINDS:
                raise InvalidInputError(f"{body.fund!r} is not a fund.")
            if body.share_class not in classes or classes[body.share_class].fund != body.fund:
                raise InvalidInputError(f"{body.share_class!r} is not a share class of {body.fund!r}.")
            money = body.nav if isinstance(body, NavRecord) else body.amount
            _refuse_unknown_asset(money.asset, assets.keys())
            if isinstance(body, Dealing) and (body.units <= 0 or body.amount.number <= 0):
                raise InvalidInputError(
                    "Units and amount of a dealing are positive; its kind tells the direction."
                )
        case Quote():
            if body.kind is not QuoteKind.MANUAL or body.price <= 0:
                raise InvalidInputError("A mark entered by hand is of kind 'manual' and positive.")
            _refuse_unknown_asset(body.quote, assets.keys())
        case Void():
            pass
        case _:
            definitions.get(session, Kind.ACCOUNT, about, Account)


def _refuse_unknown_node(session: Session, node: str) -> None:
    try:
        definitions.get(session, Kind.NODE, node, Node)
    except definitions.DefinitionNotFoundError:
        raise TreeError(f"Node {node!r} does not exist; check the id.") from None


def _refuse_unknown_asset(asset: AssetId, known: Collection[AssetId]) -> None:
    if asset not in known:
        raise InvalidInputError(f"{asset!r} is not a known asset; add it, or use its full id.")
