"""A workspace that checks tokens, pages vaults by token and transactions by time, and completes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.connect.custody.standin import Answer, StandIn

KEY = "0d7ce2dc-0000-4000-8000-000000000001"


@cache
def pem() -> tuple[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return text.decode(), key.public_key()


class Fireblocks(StandIn):
    def __init__(self, vaults: list[dict[str, Any]], transactions: list[dict[str, Any]]) -> None:
        super().__init__()
        self.vaults = vaults
        self.transactions = transactions
        self.vaults_a_page = 2
        self.nonces: set[str] = set()

    def answer(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        if (wrong := self._token(f"{path}?{query}" if query else path, headers)) is not None:
            return 401, {"message": wrong, "code": -7}
        params = dict(parse_qsl(query))
        if path == "/v1/vault/accounts_paged":
            start = int(params.get("after", "0"))
            rows = self.vaults[start : start + self.vaults_a_page]
            more = start + self.vaults_a_page < len(self.vaults)
            return 200, {
                "accounts": rows,
                "paging": {"after": str(start + self.vaults_a_page)} if more else {},
            }
        if path == "/v1/transactions":
            rows = [one for one in self.transactions if one["createdAt"] > int(params.get("after", "0"))]
            if "status" in params:
                rows = [one for one in rows if one["status"] == params["status"]]
            return 200, sorted(rows, key=lambda one: one["createdAt"])[: int(params["limit"])]
        return 404, {"message": "Not found", "code": 404}

    def _token(self, uri: str, headers: Mapping[str, str]) -> str | None:
        try:
            claims = jwt.decode(headers["authorization"].removeprefix("Bearer "), pem()[1], ["RS256"])
        except (jwt.PyJWTError, KeyError) as error:
            return f"Unauthorized: {error}"
        if claims["uri"] != uri or claims["sub"] != KEY or headers.get("x-api-key") != KEY:
            return "Unauthorized: the token is for something else"
        if claims["nonce"] in self.nonces:
            return "Unauthorized: the nonce was used"
        self.nonces.add(claims["nonce"])
        return None
