"""The same results, order and errors, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from truenav.compute.executors import InProcess, ProcessPool
from truenav.core.ports import Executor


@pytest.fixture(scope="module", params=[InProcess, ProcessPool])
def executor(request) -> Iterator[Executor]:
    if request.param is InProcess:
        yield InProcess()
    else:
        with ProcessPool(2) as pool:
            yield pool


def test_results_come_in_the_order_of_the_items(executor):
    assert executor.map(Decimal, ["3", "1", "2"]) == [Decimal(3), Decimal(1), Decimal(2)]
    assert executor.map(Decimal, []) == []


def test_an_error_of_one_item_is_raised(executor):
    with pytest.raises(ValueError, match="'x'"):
        executor.map(int, ["1", "x", "3"])
