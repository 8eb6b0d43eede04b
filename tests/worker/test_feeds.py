"""One worker follows all accounts: it holds a lock of the database as long as it lives."""

from __future__ import annotations

import threading
import time

import psycopg

from truenav.store.postgres import Role
from truenav.worker.feeds import ACCOUNTS, Feeds, _takes_lock


def _free(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        return _takes_lock(connection, ACCOUNTS.lock)


def _until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_worker_follows_another_takes_over_when_its_connection_is_lost(workshop, fresh_database):
    dsn = fresh_database.dsn(Role.QUEUE)
    stop = threading.Event()
    thread = threading.Thread(
        target=Feeds(workshop.house, dsn, ACCOUNTS, breath_seconds=0.05).run, args=[stop]
    )
    thread.start()
    try:
        _until(lambda: not _free(dsn))
        with psycopg.connect(fresh_database.dsn(Role.ADMIN), autocommit=True) as admin:
            lost = admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks "
                "WHERE locktype = 'advisory' AND objid = %s AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())",
                [0x66656564],
            ).fetchall()
        assert lost == [(True,)]
        _until(lambda: not _free(dsn))
    finally:
        stop.set()
        thread.join(timeout=10)
    assert not thread.is_alive()
    assert _free(dsn)
