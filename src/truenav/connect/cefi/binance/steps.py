"""What one gathering asks of an account, step by step: the names of steps are their cursors' keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from truenav.connect.cefi.binance.client import BinanceClient
from truenav.connect.cefi.binance.windows import History, read_history
from truenav.connect.contract import Cursor
from truenav.connect.gathering import Step


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks for one account's past, from where the last gathering ended."""

    client: BinanceClient
    cursors: Mapping[str, Cursor]
    since: datetime

    def history(self, history: History, **params: str) -> Step:
        """A history told by spans of time; each set of ``params`` has a cursor of its own."""
        asked = replace(history, params={**history.params, **params})
        name = history.endpoint.name
        key = f"{name}?{','.join(params.values())}" if params else name
        return key, read_history(self.client, asked, self.cursors.get(key), self.since)
