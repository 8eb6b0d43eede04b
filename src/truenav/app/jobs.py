"""Every job by name, and where its function is; loaded when the first one of its kind is done.

A handler is called with the house, the tenant and its arguments (names only; ``task`` is the id of its
progress). It runs on a thread of a worker, at least once: after a kill it runs again, so whatever it does
twice must be harmless. A ``TruenavError`` ends the job with its message; an ``UnavailableError`` and any
unexpected error are tried again.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from truenav.app.house import House
from truenav.core.ids import TenantId

Handler = Callable[[House, TenantId, Mapping[str, str]], None]

JOBS: Mapping[str, str] = MappingProxyType(
    {
        "basket.list": "truenav.app.baskets.jobs:list_job",
        "import.check": "truenav.app.sources.import_jobs:check_job",
        "import.run": "truenav.app.sources.import_jobs:run_job",
        "nav.advance": "truenav.app.nav.runs:advance_job",
        "nav.strike_scheduled": "truenav.app.schedule.strike:strike_scheduled_job",
        "notice.deliver": "truenav.app.notices.delivery:deliver_job",
        "source.gather": "truenav.app.sources.jobs:gather_job",
        "source.reconcile": "truenav.app.reconciliation.jobs:reconcile_job",
    }
)


def load_handler(path: str) -> Handler:
    """The function at ``module:name``."""
    module, _, name = path.partition(":")
    handler: Handler = getattr(importlib.import_module(module), name)
    return handler
