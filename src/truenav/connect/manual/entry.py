"""A manual entry: one fact that a person states, with the reason, as canonical bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from truenav.connect.contract import Payload
from truenav.connect.manual.manifest import MANIFEST
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Body
from truenav.core.ids import Sha256, UserId

ENDPOINT = "entry/1"


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """What ``actor`` stated at ``entered_at``, and why.

    ``account`` is the account, fund or node that it concerns, empty for a quote. ``external_id`` is the
    entry's own identity: the same id with other content is a conflict unless it ``supersedes`` the old.
    A ``Void`` must supersede something.
    """

    TAG: ClassVar[str] = "manual_entry"
    external_id: str
    account: str
    occurred_at: datetime
    body: Body
    actor: UserId
    reason: str
    entered_at: datetime
    supersedes: Sha256 | None = None


def entry_payload(entry: ManualEntry) -> Payload:
    """The entry as evidence and bytes; ``registry.parse`` makes its one fact of them."""
    body = canonical_json(entry)
    return Payload(
        Evidence(
            sha256=Sha256(sha256_hex(body)),
            size=len(body),
            connector=MANIFEST.name,
            connector_version=MANIFEST.version,
            endpoint=ENDPOINT,
            account=entry.account,
            request=Request("ENTRY", f"manual:{entry.external_id}"),
            asked_at=entry.entered_at,
            answered_at=entry.entered_at,
            status=200,
        ),
        body,
    )
