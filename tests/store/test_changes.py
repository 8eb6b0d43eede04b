"""A kept value knows when it no longer stands."""

from datetime import UTC, datetime

from truenav.store import changes, definitions
from truenav.store.definitions import Kind
from truenav.store.issues import Issue, open_many

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _define(session, id):
    definitions.put(session, Kind.IMPORT_MAPPING, id, {"a": "b"}, by="ada", at=NOW)


def _kept(database, tenant):
    with database.transaction(tenant, snapshot=True) as session:
        return changes.snapshot_of(session)


def _changed(database, tenant, kept, *what):
    with database.transaction(tenant) as session:
        return changes.changed_since(session, kept, what or changes.FIGURES)


def test_nothing_happened_and_the_value_stands(database, tenant):
    with database.transaction(tenant) as session:
        _define(session, "one")
    kept = _kept(database, tenant)
    assert not _changed(database, tenant, kept)


def test_a_commit_after_the_reading_is_seen(database, tenant):
    kept = _kept(database, tenant)
    with database.transaction(tenant) as session:
        _define(session, "one")
    assert _changed(database, tenant, kept)
    assert not _changed(database, tenant, kept, "fact")


def test_a_transaction_open_during_the_reading_is_seen_once_it_commits(database, tenant):
    with database.transaction(tenant) as writer:
        _define(writer, "one")
        kept = _kept(database, tenant)
        assert not _changed(database, tenant, kept)
        with database.transaction(tenant) as later:
            open_many(later, [Issue("i", "k", "s", "m", "m", NOW)])
        assert not _changed(database, tenant, kept)
        assert _changed(database, tenant, kept, "data_issue")
    assert _changed(database, tenant, kept)


def test_another_tenants_changes_do_not_count(database, tenant):
    kept = _kept(database, tenant)
    with database.transaction(f"{tenant}-other") as session:
        _define(session, "one")
    assert not _changed(database, tenant, kept)


def test_young_notes_are_kept(database, tenant):
    kept = _kept(database, tenant)
    with database.transaction(tenant) as session:
        _define(session, "one")
        assert changes.forget_old(session) == 0
    assert _changed(database, tenant, kept)
