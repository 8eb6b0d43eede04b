"""A Prime entity that checks signatures, turns pages by cursor and completes what was under way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.connect.custody.standin import Answer, StandIn

KEY, SECRET, PASSPHRASE = "prime-key", "prime-signing-key", "prime-passphrase"


class Prime(StandIn):
    def __init__(self, lists: Mapping[str, Any], balances: Mapping[str, Any]) -> None:
        super().__init__()
        self.lists = {name: list(rows) for name, rows in lists.items()}
        self.balances = balances
        self.a_page = 3

    def answer(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        if not self._signed(path, headers):
            return 401, {"message": "invalid api key"}
        if path == "/v1/portfolios":
            return 200, {"portfolios": [{"id": one, "name": f"Fund {one}"} for one in sorted(self.balances)]}
        found = re.fullmatch(r"/v1/portfolios/([^/]+)/(\w+)", path)
        if found is None or found[1] not in self.balances:
            return 404, {"message": "portfolio not found"}
        params = dict(parse_qsl(query))
        if found[2] == "balances":
            return 200, {"balances": self.balances[found[1]], "type": params["balance_type"]}
        field = {"fills": "time"}.get(found[2], "created_at")
        begin = params.get("start_time") or params.get("start_date") or ""
        rows = [one for one in self.lists[found[2]] if one.get("portfolio_id", found[1]) == found[1]]
        rows = sorted((one for one in rows if one[field] >= begin), key=lambda one: one[field])
        start = int(params.get("cursor", "0"))
        more = start + self.a_page < len(rows)
        pagination = {"next_cursor": str(start + self.a_page) if more else "", "has_next": more}
        return 200, {found[2]: rows[start : start + self.a_page], "pagination": pagination}

    def _signed(self, path: str, headers: Mapping[str, str]) -> bool:
        stamp = headers.get("x-cb-access-timestamp", "0")
        digest = hmac.new(SECRET.encode(), f"{stamp}GET{path}".encode(), hashlib.sha256).digest()
        return (
            abs(time.time() - int(stamp)) < 30
            and headers.get("x-cb-access-key") == KEY
            and headers.get("x-cb-access-passphrase") == PASSPHRASE
            and headers.get("x-cb-access-signature") == base64.b64encode(digest).decode()
        )
