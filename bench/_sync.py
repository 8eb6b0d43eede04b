"""The gathering of one account by the product's own job, in a process that may be killed: `_sync.py TASK`.

The venue's limits are out of the way, so that the product's own time is seen.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace

from bench._house import TENANT
from bench.first_sync import ACCOUNT, LAST, peak, reached
from truenav.app.house import open_house
from truenav.app.settings import read_settings
from truenav.app.sources.jobs import gather_job
from truenav.connect.cefi.binance.connector import BinanceConnector
from truenav.core.ids import ConnectionId

FASTER = 10_000


def main() -> None:
    """Gather until the last fill is recorded; prints processor seconds and the most memory (MiB)."""
    budgets = tuple(replace(one, weight=one.weight * FASTER) for one in BinanceConnector.manifest.budgets)
    BinanceConnector.manifest = replace(BinanceConnector.manifest, budgets=budgets)
    with open_house(read_settings(os.environ)) as house:
        while reached(house, ConnectionId(ACCOUNT)) != LAST:
            gather_job(house, TENANT, {"accounts": ACCOUNT, "task": sys.argv[1]})
    # Not getrusage, whose most memory is that of whoever started this process, too.
    print(json.dumps({"cpu": time.process_time(), "peak": peak(os.getpid())}))


if __name__ == "__main__":
    main()
