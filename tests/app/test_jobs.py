"""Every job that the queue may hold has a handler."""

from __future__ import annotations

import inspect

import pytest

from truenav.app.jobs import JOBS, load_handler


@pytest.mark.parametrize("path", JOBS.values(), ids=JOBS.keys())
def test_the_handler_of_a_job_can_be_loaded_and_called_as_agreed(path):
    assert list(inspect.signature(load_handler(path)).parameters) == ["house", "tenant", "arguments"]
