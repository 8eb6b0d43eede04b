"""A small custodian as its OpenAPI could describe it: three ways to sign, three ways to turn pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.connect.custody.standin import START, Answer, StandIn

from truenav.core.clock import to_milliseconds

KEY, SECRET = "acme-key", "YWNtZS1zZWNyZXQ="
AT = to_milliseconds(START)


def row(name: str, minute: int, **more: Any) -> dict[str, Any]:
    base = {
        "ref": name,
        "wallet": "main",
        "kind": "IN",
        "state": "OK",
        "coin": "BTC",
        "qty": "1",
        "made": AT - 3_600_000 + minute * 60_000,
        "done": AT - 3_600_000 + minute * 60_000 + 500,
        "chain": {"hash": f"ee{minute:02d}", "fees": [{"qty": "0", "coin": "BTC"}]},
        "party": {"address": "bc1qparty", "wallet": None},
    }
    return {**base, **more}


class Acme(StandIn):
    def __init__(self, auth: str = "hmac", paging: str = "cursor") -> None:
        super().__init__()
        self.auth, self.paging = auth, paging
        self.holdings = [
            {"wallet": "main", "coin": "BTC", "free": "2.5", "held": "0.5"},
            {"wallet": "main", "coin": "TETHER", "free": 100.25, "held": "0"},
            {"wallet": "cold", "coin": "BTC", "free": "7", "held": "0"},
        ]
        self.moves = [
            row("in", 1, qty="5"),
            row(
                "out",
                2,
                kind="OUT",
                qty="1.5",
                chain={"hash": "ee02", "fees": [{"qty": "0.0001", "coin": "BTC"}]},
            ),
            row("there", 3, kind="OUT", qty="0.5", party={"address": "", "wallet": "cold"}),
            row("here", 4, wallet="cold", qty="0.5", party={"address": "", "wallet": "main"}),
            row("asked", 5, kind="OUT", state="SIGN", qty="0.25"),
            row("void", 6, kind="OUT", state="NO"),
            row("last", 7, coin="TETHER", qty="10.5"),
        ]

    def answer(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        if not self._signed(path, query, headers):
            return 401, {"message": "bad signature"}
        params = dict(parse_qsl(query))
        if path == "/v1/holdings":
            return 200, self._page(self.holdings, params)
        if path.startswith("/v1/wallets/"):
            name = path.split("/")[3]
            return 200, self._page([one for one in self.holdings if one["wallet"] == name], params)
        if path == "/v1/moves":
            begin = int(params.get("from", "0"))
            return 200, self._page([one for one in self.moves if one["made"] >= begin], params)
        return 404, {"message": "not here"}

    def _page(self, rows: list[Any], params: Mapping[str, str]) -> Any:
        if self.paging == "none":
            return {"result": {"items": rows}}
        size = int(params.get("size", "2"))
        start = {
            "cursor": int(params.get("cursor", "0")),
            "page": (int(params.get("page", "1")) - 1) * size,
            "offset": int(params.get("offset", "0")),
        }[self.paging]
        more = str(start + size) if self.paging == "cursor" and start + size < len(rows) else None
        return {"result": {"items": rows[start : start + size]}, "next": more}

    def _signed(self, path: str, query: str, headers: Mapping[str, str]) -> bool:
        if self.auth == "bearer":
            return headers.get("authorization") == f"Bearer {KEY}"
        if self.auth == "header":
            return headers.get("x-api-key") == KEY
        stamp = headers.get("x-time", "")
        text = f"{stamp}GET{path}{'?' if query else ''}{query}".encode()
        wanted = hmac.new(base64.b64decode(SECRET), text, hashlib.sha512).digest()
        return stamp == str(AT) and headers.get("x-sign") == base64.b64encode(wanted).decode()
