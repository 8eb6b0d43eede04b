"""What migrations have in common. A migration that was released calls these for good: their effect stays."""

from __future__ import annotations

from collections.abc import Mapping

from alembic import op

_APP = "truenav_app"


def run(sql: str) -> None:
    """The driver's own execute: many statements at once, and no meaning given to % or :."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(sql)


def wall_off(grants: Mapping[str, str]) -> None:
    """Put new tables behind the tenant's wall, and give the application its rights (by table) on them."""
    for table, rights in grants.items():
        run(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY tenant_wall ON {table} "
            "USING (tenant_id = current_setting('truenav.tenant', true)) "
            "WITH CHECK (tenant_id = current_setting('truenav.tenant', true) AND tenant_id <> '');"
            f"GRANT {rights} ON {table} TO {_APP};"
        )


def look_up(signature: str, columns: str, query: str) -> None:
    """A function of the application's that sees past the wall and returns no more than it names."""
    run(
        f"DROP FUNCTION IF EXISTS {signature};"
        f"CREATE FUNCTION {signature} RETURNS TABLE ({columns}) LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = public, pg_temp AS $$ {query} $$;"
        f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;"
        f"GRANT EXECUTE ON FUNCTION {signature} TO {_APP};"
    )
