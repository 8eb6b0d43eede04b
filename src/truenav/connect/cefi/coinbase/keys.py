"""Coinbase's keys: a name and a private key, by which each request gets a token that lives two minutes."""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from truenav.connect.asking import Params, Signed, Signer
from truenav.connect.cefi.coinbase.manifest import MANIFEST
from truenav.connect.contract import Credentials
from truenav.connect.errors import KeyRevokedError

LIFETIME = 120
"""Seconds that a token lives."""
_HOST = urlsplit(MANIFEST.hosts["api"]).netloc
_SEED = 32
_COORDINATE = 32

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey


def signer(credentials: Credentials) -> Signer:
    """A signer for one key; raises ``KeyRevokedError`` at the first request where its secret is no key."""

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        key = read_key(credentials.secret)
        token = make_token(key, credentials.key, f"{method} {_HOST}{path}", now, secrets.token_hex(16))
        return Signed(urlencode(params), {"Authorization": f"Bearer {token}"})

    return sign


def read_key(secret: str) -> PrivateKey:
    """The private key: P-256 in PEM, its line ends as they are or escaped, or Ed25519 in base64 or PEM."""
    text = secret.strip().replace("\\n", "\n")
    try:
        if not text.startswith("-----BEGIN"):
            raw = b64decode(text, validate=True)
            if len(raw) not in (_SEED, 2 * _SEED):
                raise ValueError(len(raw))
            return Ed25519PrivateKey.from_private_bytes(raw[:_SEED])
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, NotBase64, UnsupportedAlgorithm):
        raise _unreadable() from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key
    raise _unreadable()


def _unreadable() -> KeyRevokedError:
    return KeyRevokedError(
        "the secret is no key of Coinbase: paste the whole private key as it was shown, with its first and "
        "last line; keys of the old kind (a short secret) ended in 2025."
    )


def stream_token(credentials: Credentials, now: datetime) -> str:
    """A JWT for one subscription of a stream."""
    return make_token(read_key(credentials.secret), credentials.key, "", now, secrets.token_hex(16))


def make_token(key: PrivateKey, name: str, request: str, now: datetime, nonce: str) -> str:
    """A JWT as the venue documents it; ``request`` is ``GET host/path``, empty for a stream."""
    seconds = int(now.timestamp())
    claims: dict[str, Any] = {"iss": "cdp", "sub": name, "nbf": seconds, "exp": seconds + LIFETIME}
    if isinstance(key, Ed25519PrivateKey):
        signed = _part({"alg": "EdDSA", "typ": "JWT", "kid": name, "nonce": nonce})
        signed += b"." + _part({**claims, "aud": ["cdp_service"], **({"uris": [request]} if request else {})})
        signature = key.sign(signed)
    else:
        signed = _part({"alg": "ES256", "typ": "JWT", "kid": name, "nonce": nonce})
        signed += b"." + _part({**claims, **({"uri": request} if request else {})})
        numbers = decode_dss_signature(key.sign(signed, ECDSA(SHA256())))
        signature = b"".join(number.to_bytes(_COORDINATE, "big") for number in numbers)
    return (signed + b"." + _plain(signature)).decode()


def _part(values: Mapping[str, Any]) -> bytes:
    return _plain(json.dumps(values, separators=(",", ":")).encode())


def _plain(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
