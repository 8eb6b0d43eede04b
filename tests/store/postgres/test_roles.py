from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from truenav.store.postgres import (
    LOGIN_ROLES,
    EmbeddedPostgres,
    PostgresRolesError,
    Role,
    bootstrap_roles,
    new_passwords,
)


def scalar(dsn: str, query: str, *arguments: object) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query, arguments).fetchone()  # type: ignore[arg-type]
    return row[0] if row else None


@pytest.mark.parametrize("role", LOGIN_ROLES)
def test_no_login_role_has_power_over_the_server(postgres_server: EmbeddedPostgres, role: Role) -> None:
    with psycopg.connect(postgres_server.dsn(role, database="truenav")) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False, False, False, role is Role.BACKUP)


def test_the_application_sees_only_what_row_security_lets_through_and_owns_nothing(fresh_database) -> None:
    with psycopg.connect(fresh_database.dsn(Role.OWNER), autocommit=True) as owner:
        owner.execute("CREATE TABLE secret (tenant int)")
        owner.execute("ALTER TABLE secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        owner.execute("CREATE POLICY tenant ON secret USING (tenant = 1) WITH CHECK (true)")
        owner.execute("GRANT SELECT ON secret TO truenav_app")
        owner.execute("INSERT INTO secret VALUES (1), (2)")
    assert scalar(fresh_database.dsn(Role.APP), "SELECT count(*) FROM secret") == 1
    assert scalar(fresh_database.dsn(Role.OWNER), "SELECT count(*) FROM secret") == 1
    assert scalar(fresh_database.dsn(Role.BACKUP), "SELECT count(*) FROM secret") == 2
    owned = "SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
    owned += " JOIN pg_database b ON b.oid = d.dbid AND b.datname = current_database()"
    owned += " WHERE d.deptype = 'o' AND r.rolname = %s"
    assert scalar(fresh_database.dsn(Role.OWNER), owned, Role.APP) == 0


def test_backup_writes_nothing_and_the_application_makes_no_tables_but_temporary_ones(fresh_database) -> None:
    with psycopg.connect(fresh_database.dsn(Role.OWNER), autocommit=True) as owner:
        owner.execute("CREATE TABLE kept (n int)")
    with psycopg.connect(fresh_database.dsn(Role.BACKUP), autocommit=True) as backup:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            backup.execute("INSERT INTO kept VALUES (1)")
        backup.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            backup.execute("INSERT INTO kept VALUES (1)")
    with psycopg.connect(fresh_database.dsn(Role.APP), autocommit=True) as app:
        app.execute("CREATE TEMPORARY TABLE loading (n int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE mine (n int)")


def test_a_fresh_database_is_closed_to_strangers_and_has_ltree(fresh_database) -> None:
    assert scalar(fresh_database.dsn(Role.APP), "SELECT 'fund.desk'::ltree <@ 'fund'::ltree") is True
    with psycopg.connect(fresh_database.dsn(Role.ADMIN), autocommit=True) as admin:
        admin.execute("CREATE ROLE stranger")
        row = admin.execute(
            "SELECT has_database_privilege('stranger', current_database(), 'CONNECT')"
        ).fetchone()
        admin.execute("DROP ROLE stranger")
    assert row == (False,)


def test_each_test_has_a_database_of_its_own(fresh_database) -> None:
    with psycopg.connect(fresh_database.dsn(Role.OWNER), autocommit=True) as owner:
        owner.execute("CREATE TABLE secret (n int)")  # another test makes a table of that name too
    assert scalar(fresh_database.dsn(Role.APP), "SELECT current_database()") == fresh_database.name


def test_text_sorts_by_code_point(postgres_server: EmbeddedPostgres) -> None:
    query = "SELECT string_agg(c, '' ORDER BY c) FROM unnest(ARRAY['b','a','B','é','中']) AS c"
    assert scalar(postgres_server.dsn(Role.APP), query) == "Babé中"


def test_an_external_server_gets_the_same_roles_twice_at_once_and_with_new_passwords(server_in) -> None:
    server = server_in()
    admin = server.start().superuser_dsn
    passwords = new_passwords()
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(bootstrap_roles, admin, passwords, database="other") for _ in range(2)]
        assert [run.result() for run in runs] == [None, None]
    for role in LOGIN_ROLES:
        dsn = make_conninfo(admin, user=role, password=passwords[role], dbname="other")
        assert scalar(dsn, "SELECT current_user") == role


def test_a_role_that_may_create_roles_is_enough_but_for_row_security(server_in) -> None:
    admin = server_in().start().superuser_dsn
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'm'")
    manager = make_conninfo(admin, user="manager", password="m")
    with pytest.raises(PostgresRolesError, match="lacks a right"):
        bootstrap_roles(manager, new_passwords(), database="other")


def test_a_manager_with_the_rights_it_passes_on_needs_no_superuser(server_in) -> None:
    admin = server_in().start().superuser_dsn
    with psycopg.connect(admin, autocommit=True) as connection:
        for role in LOGIN_ROLES:
            connection.execute(f"REASSIGN OWNED BY {role} TO truenav_admin")
            connection.execute(f"DROP OWNED BY {role}")
        connection.execute("DROP DATABASE truenav")
        for role in LOGIN_ROLES:
            connection.execute(f"DROP ROLE {role}")
        connection.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB BYPASSRLS PASSWORD 'm'")
        connection.execute("GRANT pg_read_all_data TO manager WITH ADMIN OPTION")
    manager = make_conninfo(admin, user="manager", password="m")
    for _ in range(2):
        passwords = new_passwords()
        bootstrap_roles(manager, passwords)
    app = make_conninfo(admin, user=Role.APP, password=passwords[Role.APP], dbname="truenav")
    assert scalar(app, "SELECT 'fund.desk'::ltree <@ 'fund'::ltree") is True


def test_a_role_that_was_given_power_loses_it_again(server_in) -> None:
    server = server_in()
    admin = server.start().superuser_dsn
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("ALTER ROLE truenav_app SUPERUSER BYPASSRLS")
    bootstrap_roles(admin, new_passwords())
    query = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'truenav_app'"
    assert scalar(admin, query) is False


def test_passwords_reach_the_server_only_as_scram_verifiers(postgres_server: EmbeddedPostgres) -> None:
    dsn = postgres_server.dsn(Role.ADMIN)
    query = "SELECT bool_and(rolpassword LIKE 'SCRAM-SHA-256$%%') FROM pg_authid WHERE rolname = ANY(%s)"
    assert scalar(dsn, query, [role.value for role in Role]) is True


def test_random_passwords_differ_for_every_role_and_time() -> None:
    first, second = new_passwords(), new_passwords()
    assert len({*first.values(), *second.values()}) == 2 * len(Role)
