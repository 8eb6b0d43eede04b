"""One contract for all executors: the same answers in the same order, wherever they are computed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from decimal import Decimal

import pytest

from truenav.compute.cluster import Cluster, ClusterUnavailableError
from truenav.compute.executor import AHEAD, Executor, InProcess, Processes, WorkerLostError
from truenav.core.failure import InvalidInputError, TruenavError


@contextmanager
def local_cluster() -> Iterator[Executor]:
    """A Dask cluster with two workers, in this process."""
    distributed = pytest.importorskip("distributed", reason="the optional dependency truenav[cluster]")
    options = {"processes": False, "n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as local, Cluster(local.scheduler_address) as cluster:
        yield cluster


EXECUTORS = {
    "one thread": lambda: nullcontext(InProcess(1)),
    "three threads": lambda: nullcontext(InProcess(3)),
    "two processes": lambda: Processes(2),
    "a Dask cluster": local_cluster,
}


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request) -> Iterator[Executor]:
    with EXECUTORS[request.param]() as made:
        yield made


def third(number: Decimal) -> Decimal:
    return number / 3


def slow_first(place: int) -> int:
    time.sleep(0.05 if place == 0 else 0)
    return place


def picky(place: int) -> int:
    if place == 3:
        raise InvalidInputError("Three is refused.", place=place)
    if place == 5:
        raise ZeroDivisionError("five")
    return place


def one_in_three_kills(place: int) -> int:
    if place == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return place


def test_answers_equal_those_of_a_loop_exactly(executor) -> None:
    items = [Decimal(number) for number in range(20)]
    assert [done.result() for done in executor.map(third, items)] == [third(item) for item in items]


def test_answers_come_in_the_order_of_the_items_however_long_each_takes(executor) -> None:
    assert [done.result() for done in executor.map(slow_first, range(12))] == list(range(12))


def test_an_error_stands_in_the_place_of_its_item_and_stops_no_other(executor) -> None:
    done = list(executor.map(picky, range(8)))
    assert [one.answer for one in done] == [0, 1, 2, None, 4, None, 6, 7]
    refused = done[3].error
    assert isinstance(refused, InvalidInputError)
    assert refused.message == "Three is refused."
    assert refused.context == {"place": 3}
    assert isinstance(done[5].error, ZeroDivisionError)
    with pytest.raises(TruenavError, match="Three"):
        done[3].result()


def test_none_is_an_answer(executor) -> None:
    (done,) = executor.map(print, [""])
    assert done.error is None
    assert done.result() is None


def test_nothing_comes_of_no_items(executor) -> None:
    assert list(executor.map(third, [])) == []


def test_a_long_row_is_taken_only_as_answers_are_read(executor) -> None:
    taken = 0

    def row() -> Iterator[Decimal]:
        nonlocal taken
        while True:
            taken += 1
            yield Decimal(taken)

    answers = executor.map(third, row())
    for _ in range(5):
        next(answers)
    assert taken <= 5 + executor.workers * (1 + AHEAD)
    answers.close()  # type: ignore[attr-defined]


def test_one_executor_serves_several_threads(executor) -> None:
    found: dict[int, list[int]] = {}

    def ask(name: int) -> None:
        found[name] = [done.result() for done in executor.map(slow_first, range(name, name + 6))]

    threads = [threading.Thread(target=ask, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: list(range(name, name + 6)) for name in range(3)}


def test_less_than_one_worker_is_refused() -> None:
    for made in (InProcess, Processes):
        with pytest.raises(InvalidInputError, match="at least one worker"):
            made(0)


def test_a_killed_process_is_told_and_replaced() -> None:
    with Processes(1) as executor:
        done = list(executor.map(one_in_three_kills, range(3)))
        assert done[0].answer == 0
        assert isinstance(done[1].error, WorkerLostError)
        assert [one.result() for one in executor.map(slow_first, range(3))] == [0, 1, 2]


def test_a_function_that_cannot_be_sent_is_told() -> None:
    with Processes(1) as executor:
        (done,) = executor.map(lambda item: item, [1])
        assert done.error is not None


def test_a_cluster_that_is_not_there_is_told() -> None:
    with pytest.raises(ClusterUnavailableError):
        Cluster("tcp://127.0.0.1:9", timeout_seconds=0.2)


@pytest.mark.nightly
def test_an_item_that_takes_a_cluster_down_is_told() -> None:
    distributed = pytest.importorskip("distributed", reason="the optional dependency truenav[cluster]")
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as local, Cluster(local.scheduler_address) as cluster:
        done = list(cluster.map(one_in_three_kills, range(3)))
        again = list(cluster.map(slow_first, range(3)))
    assert isinstance(done[1].error, WorkerLostError)
    assert all(one.error is None or isinstance(one.error, WorkerLostError) for one in done)
    assert [one.result() for one in again] == [0, 1, 2]
