"""OpenID Connect, as far as a log-in needs it: authorization code with PKCE, and an ID token that is checked.

Followed: OpenID Connect Core 1.0 (3.1.3.7), RFC 7636 (PKCE, S256), RFC 9207 (issuer in the answer), and
RFC 9700 (best current practice). Nothing here knows users or tenants.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import secrets
import socket
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from truenav.core.failure import ForbiddenError, InvalidInputError, TruenavError

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures by a key pair only: no ``none``, and no HMAC, whose key a public key could be taken for."""
SKEW = timedelta(seconds=60)
LONGEST_ANSWER = 256 * 1024
TIME_OUT = httpx.Timeout(5.0)


class ProviderError(TruenavError):
    """The identity provider cannot be asked, or what it answers cannot be used."""

    code = "identity-provider"
    title = "The identity provider does not work"
    status = 502
    exit_code = 6


class ProviderAddressError(InvalidInputError):
    """An address that an identity provider may not have."""

    code = "identity-provider-address"
    title = "The identity provider's address is not allowed"


class IdTokenError(ForbiddenError):
    """The provider's statement about the user does not hold."""

    code = "id-token-refused"
    title = "The identity provider's statement does not hold"


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider says of itself (``/.well-known/openid-configuration``)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool
    secret_in_header: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """The secrets of one log-in on its way: what ties answer, browser and ID token together."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def new(cls) -> Journey:
        """Fresh secrets of 256 bits each."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier (RFC 7636, 4.2)."""
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


class ProviderClient:
    """Asks one provider: its issuer's host and the hosts an administrator added, and no others.

    ``private``: addresses of a private network are allowed, and http on this machine. Otherwise https to
    public addresses only; a name that later leads elsewhere fails the certificate's check.
    """

    def __init__(self, issuer: str, hosts: tuple[str, ...], *, private: bool) -> None:
        self._issuer = issuer
        self._hosts = frozenset({_host(issuer), *hosts})
        self._private = private

    def discover(self) -> Provider:
        """The provider's own description; refused unless it names exactly the issuer that was asked."""
        found = self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            raise ProviderError("The provider calls itself by another issuer; enter it exactly as it does.")
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        provider = Provider(
            issuer=self._issuer,
            authorization_endpoint=_text(found, "authorization_endpoint"),
            token_endpoint=_text(found, "token_endpoint"),
            jwks_uri=_text(found, "jwks_uri"),
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
            secret_in_header="client_secret_basic" in methods,
        )
        for url in (provider.authorization_endpoint, provider.token_endpoint, provider.jwks_uri):
            self.refuse_foreign(url)
        return provider

    def keys(self, provider: Provider) -> jwk.KeySet:
        """The provider's signing keys as they are now: asked each time, so a rotated key is never missed."""
        listed = self._ask("GET", provider.jwks_uri).get("keys")
        usable = [one for one in listed if _is_signing_key(one)] if isinstance(listed, list) else []
        try:
            return jwk.KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderError("The provider's signing keys cannot be read.") from error

    def redeem(
        self,
        provider: Provider,
        *,
        code: str,
        journey: Journey,
        client_id: str,
        client_secret: str | None,
        redirect_uri: str,
    ) -> str:
        """The ID token for an authorization code; a code is good once, and only with its verifier."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": journey.verifier,
            "client_id": client_id,
        }
        auth = None
        if client_secret is not None and provider.secret_in_header:
            auth = httpx.BasicAuth(quote(client_id, safe=""), quote(client_secret, safe=""))
        elif client_secret is not None:
            form["client_secret"] = client_secret
        return _text(self._ask("POST", provider.token_endpoint, form=form, auth=auth), "id_token")

    def refuse_foreign(self, url: str) -> None:
        """Refuse an address that is not https to an allowed host that is out on the internet."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host not in self._hosts:
            raise ProviderAddressError(
                f"The host {host[:80]!r} is not among those that were allowed; add it."
            )
        addresses = _addresses(host)
        local = bool(addresses) and all(one.is_loopback for one in addresses)
        if parts.scheme != "https" and not (self._private and local and parts.scheme == "http"):
            raise ProviderAddressError(f"{url[:80]!r} does not begin with https://.")
        if not self._private and not all(one.is_global for one in addresses):
            raise ProviderAddressError(
                f"{host[:80]!r} leads into a private network; whoever runs the installation may allow that "
                "with TRUENAV_PRIVATE_ISSUERS=1."
            )

    def _ask(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> dict[str, Any]:
        self.refuse_foreign(url)
        try:
            with (
                httpx.Client(timeout=TIME_OUT, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    method, url, data=form, auth=auth, headers={"Accept": "application/json"}
                ) as answer,
            ):
                body = _limited(answer)
        except httpx.HTTPError as error:
            raise ProviderError(f"The provider does not answer ({type(error).__name__}).") from error
        if answer.status_code != 200:
            raise ProviderError(f"The provider refused with {answer.status_code}{_reason(body)}.")
        return _object(body)


def authorization_url(
    provider: Provider, journey: Journey, *, client_id: str, redirect_uri: str, state: str
) -> str:
    """Where the browser goes to log in at the provider."""
    query = {
        "response_type": "code",
        "scope": "openid email profile",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "nonce": journey.nonce,
        "code_challenge": journey.challenge,
        "code_challenge_method": "S256",
    }
    sign = "&" if urlsplit(provider.authorization_endpoint).query else "?"
    return f"{provider.authorization_endpoint}{sign}{urlencode(query)}"


def check_id_token(
    token: str, keys: jwk.KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime
) -> Mapping[str, Any]:
    """The claims of an ID token that holds, or ``IdTokenError`` saying which check failed.

    Checked: algorithm and signature, exact issuer, audience and authorised party, time within a minute of
    ours, and the nonce of this very log-in.
    """
    claims = _signed_claims(token, keys)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    checks = {
        "issuer": claims.get("iss") == issuer,
        "audience": client_id in audiences,
        "authorised party": claims.get("azp", client_id if len(audiences) == 1 else None) == client_id,
        "expiry": _instant(claims, "exp") > now.timestamp() - SKEW.total_seconds(),
        "time of issue": _instant(claims, "iat") < now.timestamp() + SKEW.total_seconds(),
        "start of validity": _instant(claims, "nbf", 0) < now.timestamp() + SKEW.total_seconds(),
        "nonce": hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()),
        "subject": isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255,
    }
    failed = [name for name, holds in checks.items() if not holds]
    if failed:
        raise IdTokenError(
            f"The provider's ID token is refused: its {failed[0]} does not hold. Log in again."
        )
    return claims


def _signed_claims(token: str, keys: jwk.KeySet) -> dict[str, Any]:
    """What a token says that is signed by the key it names, or by the only one where it names none."""
    try:
        return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise IdTokenError(
            "The provider's ID token is refused: it is not signed by a key of the provider. Log in again."
        ) from error


def _instant(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IdTokenError(f"The provider's ID token is refused: it has no usable {name!r}.")
    return float(value)


def _is_signing_key(key: object) -> bool:
    return isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise ProviderError(f"The host {host[:80]!r} is not known; check the address.") from error
    return [ipaddress.ip_address(str(one).partition("%")[0]) for one in found]


def _host(url: str) -> str:
    host = urlsplit(url).hostname
    if not host:
        raise ProviderAddressError(f"issuer: {url[:80]!r} is not an address; write https:// and a host name.")
    return host


def _limited(answer: httpx.Response) -> bytes:
    body = b""
    for part in answer.iter_bytes():
        body += part
        if len(body) > LONGEST_ANSWER:
            raise ProviderError("The provider's answer is far too long.")
    return body


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProviderError("The provider's answer is not JSON.") from error
    if not isinstance(found, dict):
        raise ProviderError("The provider's answer is not a JSON object.")
    return found


def _reason(body: bytes) -> str:
    """The provider's own error code, where it gives one in the standard's form."""
    try:
        code = _object(body).get("error")
    except ProviderError:
        return ""
    known = isinstance(code, str) and len(code) < 60 and code.replace("_", "").isalnum()
    return f" ({code})" if known else ""


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise ProviderError(f"The provider's answer lacks {name!r}.")
    return value
