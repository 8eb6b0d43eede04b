"""The journal against a plain model: any history of appends, asked as of and as known at any instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truenav.core.facts import CashFlow, CashKind, Fact, Void
from truenav.core.ids import Sha256
from truenav.core.money import Amount
from truenav.store.journal import FactQuery, Journal

T0 = datetime(2024, 1, 1, tzinfo=UTC)
EVIDENCE = Sha256("ab" * 32)
_numbers = count(1)


def at(hours):
    return T0 + timedelta(hours=hours)


class Model:
    """What the journal promises, in a list."""

    def __init__(self):
        self.recorded = []

    def append(self, facts, recorded_at):
        """Originals first, then corrections as often as one finds its target."""
        waiting = list(facts)
        progress = True
        while progress:
            progress = False
            originals_only = any(fact.supersedes is None for fact in waiting)
            for fact in list(waiting):
                if fact.supersedes is not None and originals_only:
                    continue
                if self._accepts(fact):
                    self.recorded.append((fact, recorded_at))
                    progress = True
                elif fact.supersedes is not None:
                    continue
                waiting.remove(fact)
            progress = progress or originals_only

    def _accepts(self, fact):
        known = [one for one, _ in self.recorded]
        if any(one.content_hash == fact.content_hash for one in known):
            return False
        if fact.supersedes is None:
            return all(one.supersedes is not None or one.key_hash != fact.key_hash for one in known)
        return any(one.content_hash == fact.supersedes for one in known) and all(
            one.supersedes != fact.supersedes for one in known
        )

    def facts(self, as_of, known_at):
        known = [fact for fact, recorded_at in self.recorded if recorded_at <= known_at]
        gone = {fact.supersedes for fact in known}
        return {
            fact.content_hash
            for fact in known
            if fact.content_hash not in gone and fact.kind != "void" and fact.occurred_at <= as_of
        }


originals = st.builds(
    lambda id, number, hour: Fact(
        "s", "a", f"id-{id}", at(hour), CashFlow("w", CashKind.FEE, Amount(Decimal(number), "usd")), EVIDENCE
    ),
    st.integers(0, 3),
    st.integers(1, 2),
    st.integers(0, 2),
)


@st.composite
def histories(draw):
    """Batches of originals, corrections and voids of anything stated before, repeated at will."""
    stated, batches = [], []
    for _ in range(draw(st.integers(1, 4))):
        batch = []
        for _ in range(draw(st.integers(1, 5))):
            choice = draw(st.integers(0, 3)) if stated else 0
            fact = draw(originals)
            if choice == 1:
                fact = draw(st.sampled_from(stated))
            elif choice == 2:
                target = draw(st.sampled_from(stated))
                fact = Fact(
                    "s", "a", fact.external_id, fact.occurred_at, fact.body, EVIDENCE, target.content_hash
                )
            elif choice == 3:
                target = draw(st.sampled_from(stated))
                name = f"void-{target.content_hash[:8]}"
                fact = Fact("manual", "a", name, fact.occurred_at, Void("no"), EVIDENCE, target.content_hash)
            batch.append(fact)
            stated.append(fact)
        batches.append(batch)
    return batches


def has_rivals(batch):
    """Two corrections of one fact in one batch: which one wins is not promised."""
    targets = [fact.supersedes for fact in {one.content_hash: one for one in batch}.values()]
    keys = {}
    for fact in batch:
        if fact.supersedes is None:
            keys.setdefault(fact.key_hash, set()).add(fact.content_hash)
    named = [target for target in targets if target is not None]
    return len(named) != len(set(named)) or any(len(one) > 1 for one in keys.values())


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories().filter(lambda batches: not any(has_rivals(batch) for batch in batches)))
def test_every_read_equals_the_model_and_never_changes_afterwards(database, tmp_path, batches):
    tenant = f"model-{next(_numbers)}"
    model = Model()
    for hour, batch in enumerate(batches):
        model.append(batch, at(hour))
        with database.transaction(tenant) as session:
            journal = Journal(session, tmp_path, tenant)
            result = journal.append(batch, at(hour))
            assert result.appended + result.duplicates + len(result.conflicts) == len(batch)
            assert journal.count() == len(model.recorded)
            for known in range(hour + 1):
                for happened in range(3):
                    read = journal.facts(FactQuery(as_of=at(happened), known_at=at(known)))
                    found = [one.fact.content_hash for one in read]
                    assert len(found) == len(set(found))
                    assert set(found) == model.facts(at(happened), at(known))
