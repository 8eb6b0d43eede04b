"""A manual entry's bytes as its one fact."""

from __future__ import annotations

import json
from collections.abc import Mapping

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.manual.entry import ENDPOINT, ManualEntry
from truenav.connect.manual.manifest import MANIFEST
from truenav.core.canonical import decode
from truenav.core.evidence import Evidence
from truenav.core.facts import Fact, Quote, QuoteKind, Void
from truenav.core.failure import InvalidInputError


def parse_entry(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """The fact that was entered; a reason is required, and a void must name what it voids."""
    del context
    read_json(body)
    try:
        entry = decode(ManualEntry, json.loads(body))
    except InvalidInputError as error:
        raise MalformedPayloadError(error.message) from error
    if not entry.reason.strip() or not entry.external_id:
        raise MalformedPayloadError("an entry needs an id and a reason.")
    if isinstance(entry.body, Void) and entry.supersedes is None:
        raise MalformedPayloadError("a void must name the fact that it voids.")
    if isinstance(entry.body, Quote) and (entry.body.kind is not QuoteKind.MANUAL or entry.body.price < 0):
        raise MalformedPayloadError("a quote entered by hand is of the kind 'manual' and not negative.")
    fact = Fact(
        source=MANIFEST.name,
        account=entry.account,
        external_id=entry.external_id,
        occurred_at=entry.occurred_at,
        body=entry.body,
        evidence=evidence.sha256,
        supersedes=entry.supersedes,
    )
    return Parsed((fact,))


PARSERS: Mapping[str, Parser] = {ENDPOINT: parse_entry}
