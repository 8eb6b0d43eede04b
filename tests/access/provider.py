"""An identity provider on this machine: OpenID Connect over real HTTP, strict about codes and PKCE.

``lies`` changes what it says, one lie at a time, so that each check of ours has something to refuse.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwk, jwt

CLIENT_ID, CLIENT_SECRET = "truenav-client", "s3cret:with/signs"


@dataclass
class IdentityProvider:
    """The provider's keys, people and lies."""

    now: object  # gives the present instant
    issuer: str = ""
    key: jwk.RSAKey = field(default_factory=lambda: _new_key("first"))
    claims: dict = field(default_factory=dict)
    lies: dict = field(default_factory=dict)
    codes: dict = field(default_factory=dict)
    signs_with: jwk.Key | None = None
    algorithm: str = "RS256"

    def rotate(self) -> None:
        """From now on another key signs, and the old one is published no more."""
        self.key = _new_key("second")

    def authorize(self, url: str) -> dict[str, str]:
        """A person logs in at the authorization address; gives what the browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"state": asked["state"], "code": code, "iss": self.issuer}

    def description(self) -> dict:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
            **self.lies.get("description", {}),
        }

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict]:
        """Redeem a code: once, by the right client, with the verifier of its challenge."""
        user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote(user), unquote(password)) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        if asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(self.now().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": "subject-1",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "email": "ann@example.com",
            "email_verified": True,
            "name": "Ann Lee",
            **self.claims,
            **self.lies.get("claims", {}),
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.key.kid}
        if self.algorithm in ("none", "HS256"):  # what no honest library makes
            signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
            secret = self.key.as_pem(private=False)
            forged = b"" if self.algorithm == "none" else hmac.digest(secret, signed.encode(), "sha256")
            return f"{signed}.{_encode(forged)}"
        key = self.signs_with or self.key
        return jwt.encode(header, claims, key, algorithms=[self.algorithm])


@contextmanager
def running(provider: IdentityProvider) -> Iterator[IdentityProvider]:
    """Serve the provider on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                self._say(200, provider.description())
            elif self.path == "/keys":
                self._say(200, {"keys": [provider.key.as_dict(private=False)]})
            elif self.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", f"{provider.issuer}/keys")
                self.end_headers()
            else:
                self._say(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(*provider.token(form, self.headers["Authorization"]))

        def _say(self, status: int, body: dict) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@cache
def _new_key(kid: str) -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, auto_kid=False)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
