"""Which payloads a bundle takes along from the archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.app.nav.bundle_sample import SECOND_DAY, SIGNER, content

from truenav.app.nav.bundle import Content, build_bundle, derive_facts
from truenav.app.nav.inputs import evidence_of
from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.calc.nav.strike import strike_nav
from truenav.connect.contract import ParseContext
from truenav.connect.manual.entry import ManualEntry, entry_payload
from truenav.connect.registry import parse
from truenav.core.asset import AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Dealing, Fact, Void
from truenav.core.ids import Sha256, TenantId, UserId
from truenav.core.instrument import InstrumentBook
from truenav.store import evidence, migrate
from truenav.store.database import Database
from truenav.store.journal import Journal
from truenav.store.postgres import Role

TENANT = TenantId("acme")
DEALINGS = (
    b"fund,share_class,external_id,occurred_at,kind,investor,units,amount,currency\n"
    b"alpha,alpha-a,d1,2026-01-01T15:00:00Z,subscription,investor-1,1000,218000,USD\n"
    b"alpha,alpha-a,d2,2026-01-02T15:00:00Z,subscription,investor-2,10,2180,USD\n"
)


@pytest.fixture
def database(fresh_database):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    opened = Database(fresh_database.dsn(Role.APP))
    yield opened
    opened.close()


def test_a_correction_travels_with_its_own_correction(database, tmp_path):
    """Row two of a file is corrected, and the correction is made void: all three payloads are needed."""
    made = content()
    context = ParseContext(AssetBook(made.inputs.assets, made.inputs.aliases), InstrumentBook(()))
    at = SECOND_DAY - timedelta(minutes=30)
    sha = Sha256(sha256_hex(DEALINGS))
    imported = Evidence(
        sha,
        len(DEALINGS),
        "files",
        "1",
        "dealings/1",
        "",
        Request("IMPORT", "file:dealings.csv"),
        at,
        at,
        200,
    )
    kept, wrong = parse(imported, DEALINGS, context).facts
    rows: list[Evidence] = [imported]
    facts: list[Fact] = [kept, wrong]
    payloads = {sha: DEALINGS}

    def corrected(body, target: Fact) -> None:
        when = at + timedelta(minutes=len(rows))
        entry = ManualEntry(
            f"entry-{len(rows)}",
            "alpha",
            wrong.occurred_at,
            body,
            UserId("ann"),
            "why",
            when,
            target.content_hash,
        )
        payload = entry_payload(entry)
        rows.append(payload.evidence)
        payloads[payload.evidence.sha256] = payload.body
        facts.extend(parse(payload.evidence, payload.body, context).facts)

    assert isinstance(wrong.body, Dealing)
    corrected(replace(wrong.body, units=Decimal(11)), wrong)
    corrected(Void("never happened"), facts[-1])

    with database.transaction(TENANT) as session:
        evidence.note_many(session, rows)
        Journal(session, tmp_path, TENANT).append(facts, at)
        inputs = replace(made.inputs, facts=(kept,), previous=())
        found = evidence_of(session, inputs)
    assert {one.sha256 for one in found} == payloads.keys()

    inputs = replace(inputs, facts=derive_facts(inputs, found, payloads))
    assert inputs.facts == (kept,)
    bundle = build_bundle(Content(made.run, inputs, strike_nav(inputs), found, payloads), SIGNER)
    assert verify_bundle(bundle, key=SIGNER.public_key).verdict is Verdict.IDENTICAL
