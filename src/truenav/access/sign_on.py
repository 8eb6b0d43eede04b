"""Single sign-on: from an identity provider's statement to a user of the tenant, and a session."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from truenav.access.oidc import (
    IdTokenError,
    Journey,
    ProviderAddressError,
    ProviderClient,
    authorization_url,
    check_id_token,
)
from truenav.access.policy import Principal, Resource, authorize, parse_roles
from truenav.access.roles import refuse_greater_roles
from truenav.access.service import LogIn, Visitor, open_log_in
from truenav.access.tickets import issue_ticket, tenant_of_ticket, use_ticket
from truenav.access.users import NewUser, make_user
from truenav.core.failure import ForbiddenError, InvalidInputError, NotFoundError
from truenav.core.ids import TenantId, UserId
from truenav.store import audit, logins
from truenav.store import users as people
from truenav.store.database import Database, Session
from truenav.store.logins import SingleSignOn
from truenav.store.secrets import SecretNotFoundError, Vault
from truenav.store.standing import list_custom_roles

_SECRET = "single-sign-on"  # noqa: S105 - the secret's name in the vault
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9-]{1,63}\.)+[a-z]{2,63}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class NoSingleSignOnError(NotFoundError):
    """The tenant has no identity provider."""

    code = "no-single-sign-on"
    title = "No single sign-on here"


class SignOnRefusedError(ForbiddenError):
    """The provider knows the person, and the tenant does not let them in."""

    code = "sign-on-refused"
    title = "The tenant does not let this person in"


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and the secret it must keep until it comes back."""

    url: str
    binding: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Return:
    """What the browser brought back from the provider, and the secret it kept."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    binding: str = field(repr=False)
    issuer: str | None


@dataclass(frozen=True, slots=True)
class SignOn:
    """Single sign-on of one installation; ``private``: see `ProviderClient`."""

    database: Database
    vault: Vault
    private: bool

    def begin(self, tenant: TenantId, redirect_uri: str, *, now: datetime) -> Departure:
        """Send somebody to the tenant's provider; good for ten minutes, for this browser alone."""
        with self.database.transaction(tenant) as session:
            chosen = _chosen(session)
        provider = self._client(chosen).discover()
        journey, binding = Journey.new(), secrets.token_urlsafe(32)
        body = {
            "issuer": chosen.issuer,
            "nonce": journey.nonce,
            "verifier": journey.verifier,
            "binding": _digest(binding),
            "redirect_uri": redirect_uri,
        }
        with self.database.transaction(tenant) as session:
            state = issue_ticket(session, "sign-on", now=now, body=body)
        url = authorization_url(
            provider, journey, client_id=chosen.client_id, redirect_uri=redirect_uri, state=state
        )
        return Departure(url, binding)

    def finish(self, back: Return, *, visitor: Visitor, now: datetime) -> LogIn:
        """A session for whom the provider says is there; the journey is used up, whatever comes of it.

        Raises ``TicketRefusedError`` for an unknown or used journey, ``IdTokenError`` for a statement that
        does not hold, ``SignOnRefusedError`` for a person whom the tenant does not let in.
        """
        tenant = tenant_of_ticket(back.state)
        with self.database.transaction(tenant) as session:
            body = use_ticket(session, back.state, "sign-on", now=now).body
            chosen = _chosen(session)
            client_secret = self._client_secret(session)
        if not hmac.compare_digest(_digest(back.binding), body["binding"]):
            raise IdTokenError("This log-in was begun in another browser; begin again in this one.")
        if chosen.issuer != body["issuer"] or back.issuer not in (None, chosen.issuer):
            raise IdTokenError("The answer comes from another provider than the one that was asked.")
        client = self._client(chosen)
        provider = client.discover()
        if provider.names_itself and back.issuer is None:
            raise IdTokenError("The answer does not name its provider, and this provider always does.")
        journey = Journey(body["nonce"], body["verifier"])
        token = client.redeem(
            provider,
            code=back.code,
            journey=journey,
            client_id=chosen.client_id,
            client_secret=client_secret,
            redirect_uri=body["redirect_uri"],
        )
        claims = check_id_token(
            token,
            client.keys(provider),
            issuer=chosen.issuer,
            client_id=chosen.client_id,
            nonce=journey.nonce,
            now=now,
        )
        with self.database.transaction(tenant) as session:
            user = _user_of(session, chosen, claims, now=now)
            return open_log_in(session, tenant, user, ("single-sign-on",), visitor, now=now)

    def choose(
        self,
        session: Session,
        principal: Principal,
        chosen: SingleSignOn,
        client_secret: str | None,
        *,
        now: datetime,
    ) -> SingleSignOn:
        """Set the tenant's provider, after asking it who it is; no secret keeps the one that is stored."""
        authorize(principal, "user:write", Resource(principal.tenant, "single-sign-on"))
        checked = _checked(session, principal, chosen)
        self._client(checked).discover()
        before = logins.get_single_sign_on(session)
        if client_secret is not None:
            self.vault.put(session, _SECRET, client_secret.encode(), at=now)
        elif before is not None and before.issuer != checked.issuer:
            self.vault.delete(session, _SECRET)  # never send one provider's secret to another
        logins.keep_single_sign_on(session, checked, at=now)
        detail = {"issuer": checked.issuer, "domains": list(checked.domains)}
        _audit(session, principal.user, "single-sign-on.choose", principal.tenant, now, detail)
        return checked

    def forget(self, session: Session, principal: Principal, *, now: datetime) -> None:
        """The tenant has no provider any more; people log in by password again."""
        authorize(principal, "user:write", Resource(principal.tenant, "single-sign-on"))
        _chosen(session)
        logins.forget_single_sign_on(session)
        self.vault.delete(session, _SECRET)
        _audit(session, principal.user, "single-sign-on.forget", principal.tenant, now, {})

    def _client(self, chosen: SingleSignOn) -> ProviderClient:
        return ProviderClient(chosen.issuer, chosen.hosts, private=self.private)

    def _client_secret(self, session: Session) -> str | None:
        try:
            return self.vault.get(session, _SECRET).decode()
        except SecretNotFoundError:
            return None


def _chosen(session: Session) -> SingleSignOn:
    chosen = logins.get_single_sign_on(session)
    if chosen is None:
        raise NoSingleSignOnError("There is no single sign-on here; log in with your password.")
    return chosen


def _checked(session: Session, principal: Principal, chosen: SingleSignOn) -> SingleSignOn:
    """The choice, if it can be trusted: https, named domains, and roles that the chooser may give."""
    parts = urlsplit(chosen.issuer)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise ProviderAddressError(f"issuer: {chosen.issuer[:80]!r} is not an issuer; write https://...")
    if not chosen.domains:
        raise InvalidInputError("domains: name at least one domain whose e-mail addresses are let in.")
    for domain in chosen.domains:
        if _DOMAIN.fullmatch(domain) is None:
            raise InvalidInputError(f"domains: {domain[:80]!r} is not a domain; write example.com.")
    for host in chosen.hosts:
        if _HOST.fullmatch(host) is None:
            raise InvalidInputError(f"hosts: {host[:80]!r} is not a host name; write login.example.com.")
    if bool(chosen.roles_claim) != bool(chosen.role_map):
        raise InvalidInputError("role_map: give it together with roles_claim, or neither.")
    if chosen.creates_users and not (chosen.role_map or chosen.default_roles):
        raise InvalidInputError("default_roles: new users need at least one role, or a role_map.")
    given = {role for roles in chosen.role_map.values() for role in roles} | set(chosen.default_roles)
    if given:
        parse_roles(given, custom=_custom(session))
        refuse_greater_roles(session, principal, given)
    return chosen


def _user_of(session: Session, chosen: SingleSignOn, claims: Mapping[str, Any], *, now: datetime) -> UserId:
    """The user that the claims speak of: known by subject, else by address, else new where allowed."""
    email = _verified_email(claims, chosen.domains)
    roles = _mapped_roles(chosen, claims)
    subject = str(claims["sub"])
    user = logins.find_identity(session, chosen.issuer, subject)
    if user is None:
        user = _known_by_address(session, email)
        if user is None:
            user = _new_user(session, chosen, claims, email, roles, now=now)
        logins.link_identity(session, chosen.issuer, subject, user, at=now)
        _audit(session, user, "single-sign-on.link", user, now, {"issuer": chosen.issuer, "subject": subject})
    if roles is not None and set(people.get_user(session, user).roles) != set(roles):
        people.change_user(session, user, roles=roles)
        _audit(session, user, "single-sign-on.roles", user, now, {"roles": list(roles)})
    return user


def _verified_email(claims: Mapping[str, Any], domains: Iterable[str]) -> str:
    email = str(claims.get("email", "")).strip().lower()
    if not email or claims.get("email_verified") is not True:
        raise SignOnRefusedError(
            "The provider does not vouch for your e-mail address; verify it there first."
        )
    if email.rpartition("@")[2] not in domains:
        raise SignOnRefusedError("Addresses of your domain are not let in here; ask an administrator.")
    return email


def _mapped_roles(chosen: SingleSignOn, claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The roles that the claim stands for; None where no claim decides. Nobody gets in without any."""
    if chosen.roles_claim is None:
        return None
    said = claims.get(chosen.roles_claim)
    values = said if isinstance(said, list) else [said]
    roles = {role for value in values for role in chosen.role_map.get(str(value), ())}
    if not roles:
        raise SignOnRefusedError(
            "The provider gives you no group that has a role here; ask an administrator."
        )
    return tuple(sorted(roles))


def _known_by_address(session: Session, email: str) -> UserId | None:
    return next((user.id for user in people.list_users(session) if user.email == email), None)


def _new_user(
    session: Session,
    chosen: SingleSignOn,
    claims: Mapping[str, Any],
    email: str,
    roles: tuple[str, ...] | None,
    *,
    now: datetime,
) -> UserId:
    if not chosen.creates_users:
        raise SignOnRefusedError("You are not a user here yet; ask an administrator to add you.")
    taken = {user.id for user in people.list_users(session)}
    name = str(claims.get("name") or email.partition("@")[0])[:200]
    shown = "".join(sign for sign in name if sign.isprintable()).strip() or email
    new = NewUser(_free_id(email, taken), shown, email, roles or chosen.default_roles)
    user = make_user(new, now=now, custom=_custom(session))
    people.create_user(session, user)
    _audit(session, user.id, "single-sign-on.add", user.id, now, {"email": email, "roles": list(user.roles)})
    return user.id


def _free_id(email: str, taken: Iterable[str]) -> str:
    """``ann-lee`` from ``Ann.Lee@example.com``, with a number where that is taken."""
    base = re.sub(r"[^a-z0-9]+", "-", email.partition("@")[0]).strip("-")[:50].strip("-") or "user"
    known = {*taken, "system"}
    if base not in known:
        return base
    return next(f"{base}-{n}" for n in range(2, len(known) + 3) if f"{base}-{n}" not in known)


def _custom(session: Session) -> tuple[str, ...]:
    return tuple(role.id for role in list_custom_roles(session))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _audit(
    session: Session, actor: str, action: str, subject: str, now: datetime, detail: Mapping[str, object]
) -> None:
    audit.append(session, actor=UserId(actor), action=action, subject=subject, at=now, detail=dict(detail))
