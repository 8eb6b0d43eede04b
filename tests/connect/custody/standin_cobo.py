"""An organisation at Cobo that checks Ed25519 signatures and turns pages by token."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.connect.custody.standin import START, Answer, StandIn

from truenav.core.clock import to_milliseconds

SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
"""The first key pair of RFC 8032, section 7.1."""


class Cobo(StandIn):
    def __init__(self, tokens: Mapping[str, Any], transactions: list[Any], approvals: list[Any]) -> None:
        super().__init__()
        self.tokens = tokens
        self.transactions = transactions
        self.approvals = approvals
        self.a_page = 2

    def answer(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        if not self._signed(path, query, headers):
            return 401, {"error_code": 2021, "error_message": "Signature verification failed"}
        params = dict(parse_qsl(query))
        if path == "/v2/wallets":
            return 200, self._page([{"wallet_id": one, "name": one} for one in sorted(self.tokens)], params)
        if path == "/v2/transactions/approval_details":
            return 200, {"data": self.approvals}
        if path == "/v2/transactions":
            rows = [one for one in self.transactions if one["wallet_id"] in params["wallet_ids"].split(",")]
            begin = int(params.get("min_created_timestamp", "0"))
            rows = [one for one in rows if one["created_timestamp"] >= begin]
            rows = [one for one in rows if one["status"] == params.get("statuses", one["status"])]
            return 200, self._page(sorted(rows, key=lambda one: one["created_timestamp"]), params)
        wallet = path.removeprefix("/v2/wallets/").removesuffix("/tokens")
        if wallet not in self.tokens:
            return 404, {"error_code": 2010, "error_message": "Wallet not found"}
        return 200, self._page(self.tokens[wallet], params)

    def _page(self, rows: list[Any], params: Mapping[str, str]) -> Any:
        start = int(params.get("after", "0"))
        after = str(start + self.a_page) if start + self.a_page < len(rows) else ""
        pagination = {"before": "", "after": after, "total_count": len(rows)}
        return {"data": rows[start : start + self.a_page], "pagination": pagination}

    def _signed(self, path: str, query: str, headers: Mapping[str, str]) -> bool:
        stamp = headers.get("biz-api-nonce", "0")
        if headers.get("biz-api-key") != PUBLIC or stamp != str(to_milliseconds(START)):
            return False
        text = f"GET|{path}|{stamp}|{query}|".encode()
        digest = hashlib.sha256(hashlib.sha256(text).digest()).digest()
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLIC))
            key.verify(bytes.fromhex(headers["biz-api-signature"]), digest)
        except InvalidSignature:
            return False
        return True
