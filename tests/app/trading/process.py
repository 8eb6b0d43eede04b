"""An execution in a process that may be killed: ``process.py DSN FOLDER TENANT SECONDS``; stdin: orders."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.settings import Settings
from truenav.app.trading import service
from truenav.core.canonical import decode
from truenav.core.clock import SystemClock
from truenav.core.ids import AccountId, TenantId, UserId
from truenav.core.orders import OrderRequest
from truenav.store.database import Database


def main(dsn: str, folder: str, tenant: str, seconds: str) -> None:
    requests = [decode(OrderRequest, one) for one in json.load(sys.stdin)]
    database = Database(dsn)
    settings = Settings(data_dir=Path(folder), private_hosts=frozenset({"127.0.0.1"}))
    house = House.of(settings, database, SystemClock())
    anna = Principal(UserId("anna"), TenantId(tenant), frozenset({"operator"}))
    until = house.clock.now() + timedelta(seconds=float(seconds))
    done = service.execute(house, anna, AccountId("binance"), requests, good_until=until)
    print(json.dumps([str(one.state) for one in done]))
    database.close()


main(*sys.argv[1:])
