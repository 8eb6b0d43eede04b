"""A local Coinbase that checks each token, pages its lists by its own rules, and can be made to err."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.connect.custody.standin import Answer, StandIn

from truenav.connect.contract import Credentials
from truenav.core.clock import parse_instant

PAYLOADS = Path(__file__).parents[3] / "payloads" / "coinbase"
NAME = "organizations/o1/apiKeys/k1"
_KEY = generate_private_key(SECP256R1())
PEM = _KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
_EDWARDS = Ed25519PrivateKey.generate()
CREDENTIALS = Credentials(NAME, PEM)
_BASE = "/api/v3/brokerage"


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def _unpacked(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verified(token: str, key: EllipticCurvePublicKey | Ed25519PublicKey) -> dict[str, Any]:
    """The claims of a token; raises where the signature is not the key's."""
    head, claims, signature = token.split(".")
    signed, raw = f"{head}.{claims}".encode(), _unpacked(signature)
    if isinstance(key, Ed25519PublicKey):
        key.verify(raw, signed)
    else:
        numbers = (int.from_bytes(part, "big") for part in (raw[:32], raw[32:]))
        key.verify(encode_dss_signature(*numbers), signed, ECDSA(SHA256()))
    if json.loads(_unpacked(head))["kid"] != NAME:
        raise ValueError("another key")
    found: dict[str, Any] = json.loads(_unpacked(claims))
    return found


class Coinbase(StandIn):
    """Lists are as in the payloads; ``page`` is how many rows an answer has at most.

    Rows of ledgers that are ``hidden`` from the key are left out of their pages, which are short for that.
    """

    def __init__(self, page: int = 1000) -> None:
        super().__init__()
        self.page = page
        self.state = {
            name: payload(name)
            for name in ("accounts", "key", "portfolio", "futures-balance", "futures-positions", "orders")
        }
        self.hidden: set[str] = set()
        self.unlisted: set[str] = set()
        self.fills: list[dict[str, Any]] = payload("fills")["fills"]
        self.ledger: list[dict[str, Any]] = payload("transactions")["data"]

    def answer(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        params = dict(parse_qsl(query))
        if path == f"{_BASE}/time":
            return 200, payload("time")
        if path == f"{_BASE}/market/products":
            kind = params["product_type"]
            found = [one for one in payload("products")["products"] if one["product_type"] == kind]
            return 200, {"products": [] if kind in self.unlisted else found}
        try:
            claims = verified(headers["authorization"].removeprefix("Bearer "), _KEY.public_key())
        except (KeyError, ValueError, InvalidSignature):
            return 401, "Unauthorized"
        if (claims["sub"], claims["uri"]) != (NAME, f"GET api.coinbase.com{path}"):
            return 401, "Unauthorized"
        return self.private(path, params)

    def private(self, path: str, params: Mapping[str, str]) -> Answer:
        names = {
            f"{_BASE}/key_permissions": "key",
            f"{_BASE}/portfolios/{self.state['key']['portfolio_uuid']}": "portfolio",
            f"{_BASE}/cfm/balance_summary": "futures-balance",
            f"{_BASE}/cfm/positions": "futures-positions",
            f"{_BASE}/orders/historical/batch": "orders",
        }
        if path in names:
            return 200, self.state[names[path]]
        if path == f"{_BASE}/accounts":
            rows, start = self.state["accounts"]["accounts"], int(params.get("cursor", 0))
            following = start + self.page
            more = following < len(rows)
            part = rows[start:following]
            return 200, {"accounts": part, "has_next": more, "cursor": str(following) if more else ""}
        if path == f"{_BASE}/orders/historical/fills":
            return 200, self._fills(params)
        return 200, self._ledger(path.split("/")[3], params)

    def _fills(self, params: Mapping[str, str]) -> Any:
        first, last = (parse_instant(params[f"{end}_sequence_timestamp"]) for end in ("start", "end"))
        found = [one for one in self.fills if first <= parse_instant(one["sequence_timestamp"]) < last]
        start = int(params.get("cursor", 0))
        following = start + self.page
        return {"fills": found[start:following], "cursor": str(following) if following < len(found) else ""}

    def _ledger(self, account: str, params: Mapping[str, str]) -> Any:
        rows = [one for one in self.ledger if f"acc-{one['amount']['currency'].lower()}" == account]
        start = 0
        if "starting_after" in params:
            start = next((n for n, one in enumerate(rows, 1) if one["id"] == params["starting_after"]), 0)
        following = start + int(params["limit"])
        shown = [one for one in rows[start:following] if one["id"] not in self.hidden]
        more = f"/v2/accounts/{account}/transactions?limit=100" if following < len(rows) else None
        return {"pagination": {"limit": params["limit"], "next_uri": more}, "data": shown}
