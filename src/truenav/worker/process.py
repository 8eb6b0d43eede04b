"""One worker process: does jobs side by side, breathes once a second; leads and follows if no other does."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.worker import Worker

from truenav.app.house import House
from truenav.app.jobs import JOBS, load_handler
from truenav.store.queue import task_id
from truenav.worker.execute import MAX_RETRIES, execute, is_refusal
from truenav.worker.feeds import ACCOUNTS, BASKETS, PRODUCTS, Feeds
from truenav.worker.leader import Leader

HEARTBEAT_SECONDS = 1.0
DRAIN_SECONDS = 8.0
"""After this time a stopping worker leaves unfinished jobs to the others, and ends."""

CONCURRENCY = 4

DUTY_PAUSE_SECONDS = 1.0

_POLL_SECONDS = 1.0
_DATABASE_POLL_SECONDS = 0.25

_log = structlog.get_logger(__name__)


class _Backoff(BaseRetryStrategy):
    """Again after 1, 4 and 16 times ``seconds``; never after a refusal."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if is_refusal(exception) or job.attempts >= MAX_RETRIES:
            return None
        return RetryDecision(retry_in={"seconds": self._seconds * 4**job.attempts})


def run_worker(
    house: House,
    queue_dsn: str,
    *,
    jobs: Mapping[str, str] = JOBS,
    concurrency: int = CONCURRENCY,
    backoff_seconds: int = 1,
    follow: bool = True,
) -> None:
    """Do jobs until SIGTERM or SIGINT, then end within `DRAIN_SECONDS`.

    Parameters
    ----------
    queue_dsn : connection string of the role ``truenav_queue``.
    jobs : names of jobs, and where their handlers are.
    concurrency : how many jobs are done side by side.
    backoff_seconds : wait before the first of the three retries.
    follow : whether it may be the one that follows accounts' private streams, products or baskets.

    A lost database is waited for. Being killed is safe at any time: another worker takes the jobs over.
    """
    feeds = [Feeds(house, queue_dsn, feed) for feed in (ACCOUNTS, PRODUCTS, BASKETS)] if follow else []
    duties = [Leader(house, queue_dsn).run, *(feed.run for feed in feeds)]
    asyncio.run(_Process(house, queue_dsn, jobs, concurrency, backoff_seconds, duties).run())


class _Process:
    def __init__(
        self,
        house: House,
        queue_dsn: str,
        jobs: Mapping[str, str],
        concurrency: int,
        backoff_seconds: int,
        duties: Sequence[Callable[[threading.Event], None]],
    ) -> None:
        self._house = house
        self._dsn = queue_dsn
        self._jobs = jobs
        self._concurrency = concurrency
        self._duties = duties
        self._retry = _Backoff(backoff_seconds)
        self._worker: Worker | None = None
        self._stopping = asyncio.Event()
        self._duties_stop = threading.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._concurrency + 1, "job"))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        for duty in self._duties:
            threading.Thread(
                target=_stand_by, args=[duty, self._duties_stop], name="duty", daemon=True
            ).start()
        while not self._stopping.is_set():
            try:
                await self._work()
            except (ConnectorException, psycopg.Error) as error:
                _log.warning("the queue cannot be reached", reason=str(error))

    def _stop(self) -> None:
        """Take no more jobs; those begun may end, but not for ever."""
        if self._stopping.is_set():
            return
        _log.info("stopping")
        self._stopping.set()
        self._duties_stop.set()
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]
        watchdog = threading.Timer(DRAIN_SECONDS, _abandon)
        watchdog.daemon = True
        watchdog.start()

    async def _work(self) -> None:
        """Do jobs until stopped or until the database is lost."""
        if not await self._database_answers():
            return
        connector = PsycopgConnector(conninfo=self._dsn, min_size=1, max_size=self._concurrency + 2)
        app = self._app(connector)
        async with app.open_async():
            self._worker = Worker(
                app,
                concurrency=self._concurrency,
                fetch_job_polling_interval=_POLL_SECONDS,
                install_signal_handlers=False,
            )
            breathing = asyncio.create_task(_breathe(app, self._worker))
            try:
                if not self._stopping.is_set():
                    await self._worker.run()  # type: ignore[no-untyped-call]
            finally:
                self._worker = None
                breathing.cancel()
                with suppress(asyncio.CancelledError):
                    await breathing

    async def _database_answers(self) -> bool:
        """Wait for the database; False when we are stopped first."""
        while not self._stopping.is_set():
            try:
                async with await psycopg.AsyncConnection.connect(self._dsn, connect_timeout=2):
                    return True
            except psycopg.OperationalError:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_DATABASE_POLL_SECONDS):
                        await self._stopping.wait()
        return False

    def _app(self, connector: PsycopgConnector) -> App:
        app = App(connector=connector)
        for name, path in self._jobs.items():
            app.task(name=name, pass_context=True, retry=self._retry)(self._task(name, path))
        return app

    def _task(self, name: str, path: str) -> Callable[..., None]:
        def run(context: JobContext, **arguments: str) -> None:
            job = context.job
            assert job.id is not None
            execute(self._house, name, task_id(job.id), arguments, load_handler(path), attempts=job.attempts)

        return run


def _stand_by(duty: Callable[[threading.Event], None], stop: threading.Event) -> None:
    """Do a duty until ``stop`` is set: one that a fault ended is begun again, else nobody would do it."""
    while not stop.is_set():
        try:
            duty(stop)
        except Exception:
            _log.exception("a duty ended by a fault; it begins again")
            stop.wait(DUTY_PAUSE_SECONDS)


async def _breathe(app: App, worker: Worker) -> None:
    """Keep the worker's heartbeat fresh, also while it drains; the queue's own stops then."""
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        if worker.worker_id is not None:
            with suppress(ConnectorException):
                await app.job_manager.update_heartbeat(worker.worker_id)


def _abandon() -> None:
    """End at once: the thread of a job cannot be stopped, and another worker will do the job again."""
    _log.warning("jobs still running are left to other workers")
    os._exit(0)
