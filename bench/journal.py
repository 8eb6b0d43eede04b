"""Three hundred thousand facts into the journal, new and known, beside a bare COPY of the same rows."""

from __future__ import annotations

import atexit
import io
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import polars as pl
import psycopg
from sqlalchemy import text

from bench.harness import Contender, Goal, Workload
from truenav.core.facts import Quote
from truenav.store import migrate
from truenav.store.columns import columns_frame
from truenav.store.database import Database
from truenav.store.journal import BATCH_ROWS, FactQuery, Journal
from truenav.store.postgres import EmbeddedPostgres, Role

FACTS = 300_000
START = datetime(2024, 1, 1, tzinfo=UTC)

_tenants = (f"bench-{number}" for number in count(1))


def quotes(size: int) -> pl.DataFrame:
    """Quotes of four assets, one a second, as a price file would give them."""
    row = pl.int_range(size)
    return pl.select(
        pl.lit("binance").alias("source"),
        pl.lit("").alias("account"),
        (pl.lit("kline-") + row.cast(pl.String)).alias("external_id"),
        (pl.lit(START) + pl.duration(seconds=row)).dt.cast_time_unit("us").alias("occurred_at"),
        pl.lit("ab" * 32).alias("evidence"),
        pl.Series(["btc", "eth", "sol", "doge"]).gather(row % 4).alias("base"),
        pl.lit("usdt").alias("quote"),
        pl.lit("last").alias("kind"),
        ((row % 90_000 + 10_000).cast(pl.String) + "." + (row % 97 + 1).cast(pl.String)).alias("price"),
    )


class Bench:
    """A server of its own, as it is installed: nothing of durability is turned off."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-journal-"))
        self.server = EmbeddedPostgres(self.folder / "postgres")
        atexit.register(self.close)
        self.server.start()
        migrate.upgrade(self.server.dsn(Role.OWNER))
        self.owner = psycopg.connect(self.server.dsn(Role.OWNER), autocommit=True)
        self.admin = psycopg.connect(self.server.dsn(Role.ADMIN), autocommit=True)
        self.owner.execute("CREATE TABLE bare (LIKE fact INCLUDING IDENTITY)")
        self.owner.execute("CREATE TABLE keyed (LIKE fact INCLUDING ALL)")
        for table in ("bare", "keyed"):
            self.owner.execute(f"ALTER TABLE {table} ALTER tenant_id SET DEFAULT 'bench'")
        self.database = Database(self.server.dsn(Role.APP))
        self.frame = quotes(FACTS)
        self.rows = self._rows()
        self.last_tenant = ""

    def close(self) -> None:
        """Stop the server and leave nothing behind."""
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def append(self) -> float:
        """Seconds to record the facts in a journal that is empty, to the end of its commit."""
        self.owner.execute("TRUNCATE fact, segment")
        self.last_tenant = next(_tenants)
        return self._append()

    def append_again(self) -> float:
        """Seconds to find that all of them are known."""
        return self._append()

    def copy_into(self, table: str) -> Callable[[], float]:
        """What gives the seconds of COPY of the same rows, ready made, into an empty table."""

        def run() -> float:
            self.owner.execute(f"TRUNCATE {table}")
            self._settle()
            start = time.perf_counter()
            with self.owner.cursor().copy(f"COPY {table} {_COLUMNS} FROM STDIN (FORMAT csv)") as copy:
                copy.write(self.rows)
            return time.perf_counter() - start

        return run

    def verify(self) -> str:
        """Every fact is there once, and the last one is read back as it was given."""
        with self.database.transaction(self.last_tenant) as session:
            found = session.scalar(text("SELECT count(DISTINCT content_hash) FROM fact"))
            (last,) = Journal(session, self.folder, self.last_tenant).latest(
                FactQuery(kinds=("quote",), as_of=START)
            )
        if found != FACTS or last.fact.external_id != "kline-0":
            raise AssertionError(f"{found} of {FACTS} facts found")
        return (
            f"All {FACTS:,} facts are in the journal once; one of them was read back through its segment. "
            "Each sample begins after a checkpoint."
        )

    def _settle(self) -> None:
        """Nobody pays for the pages that the one before left to be written."""
        self.admin.execute("CHECKPOINT")

    def _append(self) -> float:
        self._settle()
        start = time.perf_counter()
        with self.database.transaction(self.last_tenant) as session:
            Journal(session, self.folder, self.last_tenant).append_columns(Quote, self.frame, START)
        return time.perf_counter() - start

    def _rows(self) -> memoryview:
        parts = [columns_frame(Quote, self.frame.slice(at, BATCH_ROWS)) for at in range(0, FACTS, BATCH_ROWS)]
        frame = pl.concat(parts)
        buffer = io.BytesIO()
        frame.select(
            pl.concat_str(pl.lit(r"\x"), pl.col("content_hash")).alias("content_hash"),
            pl.col("key_hash").str.head(32).alias("slot"),
            pl.lit(1).alias("series_id"),
            pl.col("occurred_at").dt.strftime("%Y-%m-%d %H:%M:%S%.6fZ"),
            pl.lit(START.isoformat()).alias("recorded_at"),
            pl.concat_str(pl.lit(r"\x"), pl.col("evidence")).alias("evidence"),
            pl.lit(1).alias("segment_id"),
            pl.int_range(pl.len()).alias("segment_row"),
        ).write_csv(buffer, include_header=False)
        return buffer.getbuffer()


_COLUMNS = "(content_hash, slot, series_id, occurred_at, recorded_at, evidence, segment_id, segment_row)"


def workload() -> Workload:
    bench = Bench()
    return Workload(
        title=f"Appending {FACTS:,} facts to the journal",
        items=FACTS,
        unit="fact",
        ours="journal",
        contenders=[
            Contender("journal", bench.append, note="from columns to commit, with hashes and segments"),
            Contender("journal, all known", bench.append_again, note="the same import again"),
            Contender("COPY, same indexes", bench.copy_into("keyed"), note="ready rows, no rules of ours"),
            Contender("COPY, no index", bench.copy_into("bare"), note="ready rows, no idempotency at all"),
        ],
        goals=[
            Goal("facts per second", lambda seconds: FACTS / seconds["journal"], at_least=100_000),
            Goal(
                "facts per second, all known",
                lambda seconds: FACTS / seconds["journal, all known"],
                at_least=100_000,
            ),
            Goal(
                "share of COPY with the same indexes",
                lambda seconds: seconds["COPY, same indexes"] / seconds["journal"],
                at_least=0.5,
            ),
        ],
        verify=bench.verify,
        runs=3,
    )
