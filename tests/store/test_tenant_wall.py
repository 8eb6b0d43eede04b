"""The wall between tenants, read from the catalogue and run into."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import ProgrammingError

from truenav.store import database as database_module
from truenav.store import definitions, users
from truenav.store.database import Database, DatabaseUnavailableError, UnsafeRoleError, tenant_ids, tenant_of
from truenav.store.postgres import Role
from truenav.store.tables import APPEND_ONLY, app_user, metadata

NOW = datetime(2024, 1, 1, tzinfo=UTC)
TENANT_TABLES = sorted(table.name for table in metadata.sorted_tables if "tenant_id" in table.c)


@pytest.fixture(scope="module")
def catalogue(store_dsns):
    with psycopg.connect(store_dsns[Role.OWNER]) as connection:
        yield connection


def test_every_table_with_a_tenant_in_the_database_is_known_to_the_code(catalogue):
    found = catalogue.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relkind = 'r' AND a.attname = 'tenant_id' AND c.relnamespace = 'public'::regnamespace"
    )
    assert sorted(name for (name,) in found) == TENANT_TABLES


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_each_table_enables_and_forces_the_wall_and_needs_a_tenant(catalogue, table):
    enabled, forced, nullable = catalogue.execute(
        "SELECT relrowsecurity, relforcerowsecurity, NOT attnotnull FROM pg_class JOIN pg_attribute "
        "ON attrelid = pg_class.oid AND attname = 'tenant_id' WHERE relname = %s AND relkind = 'r'",
        [table],
    ).fetchone()
    assert (enabled, forced, nullable) == (True, True, False)
    walls = catalogue.execute(
        "SELECT qual, with_check, roles FROM pg_policies WHERE tablename = %s AND policyname = 'tenant_wall'",
        [table],
    ).fetchall()
    ((using, check, roles),) = walls
    assert "tenant_id = current_setting('truenav.tenant'::text, true)" in using
    assert "tenant_id = current_setting('truenav.tenant'::text, true)" in check
    assert roles == ["public"]


def test_no_policy_lets_the_application_past_the_wall(catalogue):
    others = catalogue.execute(
        "SELECT tablename, roles FROM pg_policies WHERE policyname <> 'tenant_wall'"
    ).fetchall()
    assert all(roles == [Role.OWNER] for _, roles in others)


def test_the_application_owns_nothing_and_cannot_pass_the_wall(catalogue):
    assert catalogue.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = %s", [Role.APP]
    ).fetchone() == (False, False, False)
    owned = catalogue.execute(
        "SELECT count(*) FROM pg_class WHERE relowner = to_regrole(%s) AND relpersistence <> 't'", [Role.APP]
    )
    assert owned.fetchone() == (0,)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_append_only_tables_give_no_right_to_change(catalogue, table):
    rights = catalogue.execute(
        "SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = %s "
        "AND grantee IN (%s, 'PUBLIC')",
        [table, Role.APP],
    )
    assert {right for (right,) in rights} == {"SELECT", "INSERT"}


def test_functions_past_the_wall_pin_their_search_path(catalogue):
    found = catalogue.execute(
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    ).fetchall()
    assert {"find_users", "find_session", "find_api_token", "tenant_ids"} <= {name for name, _ in found}
    assert all(config == ["search_path=public, pg_temp"] for _, config in found)


def user(id, email):
    return users.User(id, "Name", email, "hash", ("manager",), None, NOW)


def test_a_tenant_sees_and_changes_only_its_own_rows(database, tenant):
    other = f"{tenant}-other"
    with database.transaction(tenant) as session:
        users.create_user(session, user("u1", f"u1@{tenant}"))
    with database.transaction(other) as session:
        assert users.list_users(session) == ()
        with pytest.raises(users.UserNotFoundError):
            users.change_user(session, "u1", name="Mallory")
        assert session.execute(text("UPDATE app_user SET name = 'Mallory'")).rowcount == 0
    with database.transaction(tenant) as session:
        assert users.get_user(session, "u1").name == "Name"


def test_a_row_for_another_tenant_is_refused(database, tenant):
    row = {"tenant_id": "another", "id": "x", "name": "x", "email": "x", "password_hash": "x"}
    statement = insert(app_user).values(**row, roles=[], created_at=NOW)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        database.transaction(tenant) as session,
    ):
        session.execute(statement)


def test_without_a_tenant_nothing_is_seen_and_nothing_can_be_written(database, tenant):
    with database.transaction(tenant) as session:
        users.create_user(session, user("u1", f"u1@{tenant}"))
    with database.lookup() as session:
        assert session.execute(select(app_user)).all() == []
    statement = insert(app_user).values(
        id="x", name="x", email="x", password_hash="x", roles=[], created_at=NOW
    )
    with pytest.raises(ProgrammingError), database.lookup() as session:
        session.execute(statement)


def test_the_tenant_ends_with_its_transaction(store_dsns, tenant):
    database = Database(store_dsns[Role.APP], pool_size=1)
    with database.transaction(tenant) as session:
        users.create_user(session, user("u1", f"u1@{tenant}"))
        backend = session.scalar(text("SELECT pg_backend_pid()"))
    with database.lookup() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) == backend
        assert session.scalar(text("SELECT current_setting('truenav.tenant', true)")) == ""
        assert session.execute(select(app_user)).all() == []
    database.close()


def test_log_in_finds_the_tenant_by_address_session_and_token(database, tenant):
    with database.transaction(tenant) as session:
        users.create_tenant(session, "A house", at=NOW)
        users.create_user(session, user("u1", f"u1@{tenant}"))
        users.create_session(session, tenant.encode(), "u1", at=NOW, expires_at=NOW)
        token = users.ApiToken("t1", "u1", "ci", ("nav:read",), NOW, None, None)
        users.create_token(session, token, b"t" + tenant.encode())
    with database.lookup() as session:
        (found,) = users.find_users(session, f"u1@{tenant}")
        assert (found.tenant, found.user_id, found.password_hash) == (tenant, "u1", "hash")
        assert users.find_session(session, tenant.encode()).tenant == tenant
        assert users.find_session(session, b"unknown") is None
        assert tenant in tenant_ids(session)


def test_a_session_or_token_that_is_found_enters_its_tenant_and_an_unknown_one_none(database, tenant):
    with database.transaction(tenant) as session:
        users.create_tenant(session, "A house", at=NOW)
        users.create_user(session, user("u1", f"u1@{tenant}"))
        users.create_session(session, tenant.encode(), "u1", at=NOW, expires_at=NOW)
        token = users.ApiToken("t1", "u1", "ci", ("nav:read",), NOW, None, None)
        users.create_token(session, token, b"t" + tenant.encode())
    with database.lookup() as session:
        assert users.enter_by_session(session, tenant.encode()).tenant == tenant
        assert (tenant_of(session), users.get_user(session, "u1").id) == (tenant, "u1")
    with database.lookup(snapshot=True) as session:
        assert users.enter_by_token(session, b"t" + tenant.encode()).scopes == ("nav:read",)
        assert tenant_of(session) == tenant
    with database.lookup() as session:
        assert users.enter_by_session(session, b"unknown") is None
        assert users.enter_by_token(session, b"unknown") is None
        with pytest.raises(users.UserNotFoundError):
            users.get_user(session, "u1")


def test_an_address_or_id_is_taken_once_in_a_tenant(database, tenant):
    with database.transaction(tenant) as session:
        users.create_user(session, user("u1", "same@x"))
        for taken in (user("u1", "new@x"), user("u2", "same@x")):
            with pytest.raises(users.TakenError):
                users.create_user(session, taken)
        assert [one.id for one in users.list_users(session)] == ["u1"]


def test_a_disabled_user_loses_sessions_and_tokens(database, tenant):
    with database.transaction(tenant) as session:
        users.create_user(session, user("u1", "u1@x"))
        users.create_session(session, b"s" + tenant.encode(), "u1", at=NOW, expires_at=NOW)
        users.create_token(session, users.ApiToken("t1", "u1", "ci", (), NOW, None, None), tenant.encode())
        users.disable_user(session, "u1", at=NOW)
        assert users.get_user(session, "u1").disabled_at == NOW
        assert users.find_session(session, b"s" + tenant.encode()).revoked_at == NOW
        assert users.list_tokens(session)[0].revoked_at == NOW


@pytest.mark.parametrize("role", [Role.ADMIN, Role.BACKUP])
def test_a_role_that_passes_the_wall_is_refused(store_dsns, role):
    database = Database(store_dsns[role])
    with pytest.raises(UnsafeRoleError, match=role), database.transaction("any"):
        pass
    database.close()


def test_a_database_that_does_not_answer_is_named_as_such():
    database = Database("host=127.0.0.1 port=1 user=truenav_app dbname=truenav")
    with pytest.raises(DatabaseUnavailableError, match="cannot be reached"), database.transaction("any"):
        pass


def test_a_transaction_beyond_all_connections_is_told_to_come_again(store_dsns, tenant, monkeypatch):
    monkeypatch.setattr(database_module, "_CONNECT_SECONDS", 0.05)
    database = Database(store_dsns[Role.APP], pool_size=1)
    with (
        database.transaction(tenant),
        database.transaction(tenant),
        pytest.raises(DatabaseUnavailableError, match="are in use"),
        database.transaction(tenant),
    ):
        pass
    database.close()


def test_a_server_that_cuts_the_line_is_unavailable_and_then_comes_back(store_dsns, tenant):
    database = Database(store_dsns[Role.APP], pool_size=1)

    def cut_the_line():
        with database.transaction(tenant) as session:
            backend = session.scalar(text("SELECT pg_backend_pid()"))
            with psycopg.connect(store_dsns[Role.ADMIN]) as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 2000)", [backend])
            session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailableError):
        cut_the_line()
    with database.transaction(tenant) as session:
        assert session.scalar(text("SELECT 1")) == 1
    database.close()


def test_the_queue_may_not_read_a_tenants_rows_and_the_application_not_the_jobs(store_dsns):
    with (
        psycopg.connect(store_dsns[Role.QUEUE]) as queue,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        queue.execute("SELECT * FROM fact")
    with (
        psycopg.connect(store_dsns[Role.APP]) as application,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        application.execute("SELECT * FROM procrastinate_jobs")


def test_definitions_of_one_tenant_are_not_found_by_another(database, tenant):
    with database.transaction(tenant) as session:
        definitions.put(session, definitions.Kind.INDEX, "i", {"a": 1}, by="u", at=NOW)
    with database.transaction(f"{tenant}-other") as session:
        assert definitions.history(session, definitions.Kind.INDEX, "i", object) == ()
