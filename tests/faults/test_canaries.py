"""Secrets that the demo fund is given are found nowhere afterwards: database, logs, files, bundles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from truenav.store.postgres import EmbeddedPostgres, Role

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples" / "demo_fund"
PLACES_OF_SECRETS = {"master.key", "passwords.json", "database-passwords.json", "cli-session"}


def planted(data_dir: Path) -> set[bytes]:
    """Every key, secret, phrase and password that the demo uses, and those that it made."""
    plan = json.loads((DEMO / "fund.json").read_text())
    found = {user["password"] for user in plan["users"]} | {"demo-vendor-key"}
    for account in plan["accounts"]:
        if account["venue"] in ("binance", "okx"):
            found |= {f"demo-{account['id']}-{part}" for part in ("key", "secret", "phrase")}
    found |= set(json.loads((data_dir / "postgres" / "passwords.json").read_text()).values())
    found.add((data_dir / "master.key").read_text().strip())
    return {secret.encode() for secret in found}


def rows(server: EmbeddedPostgres) -> Iterator[tuple[str, bytes]]:
    """Every table as text, as a dump holds it."""
    with psycopg.connect(server.dsn(Role.ADMIN)) as connection:
        query = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT LIKE 'pg\\_%'"
        for schema, table in connection.execute(query).fetchall():
            name = sql.Identifier(schema, table)
            with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(name)) as copy:
                yield table, b"".join(bytes(block) for block in copy)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in PLACES_OF_SECRETS:
            yield str(path.relative_to(folder)), path.read_bytes()


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_no_planted_secret_is_found_anywhere_after_the_demo(tmp_path: Path) -> None:
    if not DEMO.is_dir():
        pytest.skip("The demo fund's files are part of the checkout only.")
    data = tmp_path / "data"
    environment = {**os.environ, "TRUENAV_DATA_DIR": str(data), "TRUENAV_LOG_LEVEL": "debug"}
    done = subprocess.run(
        [sys.executable, "-m", "truenav", "demo", "--once"], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    server = EmbeddedPostgres(data / "postgres")
    server.start()
    try:
        secrets = planted(data)
        assert len(secrets) > 20
        said, _, _ = done.stderr.partition(b"Log-ins of the demo")  # which are meant to be read
        everything = [*rows(server), *files(data), ("stdout", done.stdout), ("stderr", said)]
        assert any(name.endswith(".zip") for name, _ in everything)
        found = {(name, secret.decode()) for name, text in everything for secret in secrets if secret in text}
    finally:
        server.stop()
    assert not found
