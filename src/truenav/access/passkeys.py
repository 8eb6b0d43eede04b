"""Passkeys (WebAuthn): added by somebody who is logged in, good for a log-in without address and password.

The authenticator must verify its user (PIN, finger, face), so a passkey is two factors by itself.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from truenav.access.errors import BadCredentialsError, WrongFactorError
from truenav.access.factors import take_into_use
from truenav.access.policy import Principal, Resource, authorize
from truenav.access.tickets import DOOR, issue_ticket, use_ticket
from truenav.core.failure import TruenavError
from truenav.core.ids import TenantId, UserId
from truenav.store import factors as store
from truenav.store import users as people
from truenav.store.database import Database, Session

NAME = "truenav"
_NOT_ACCEPTED = "The passkey was not accepted; try again, or log in with your password."


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who we are to an authenticator: the domain its passkeys are bound to, and the pages that may ask."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the browser hands to the authenticator (``options``), and the ticket to come back with."""

    ticket: str
    options: Mapping[str, Any]


def begin_enrolment(
    session: Session, party: RelyingParty, principal: Principal, *, now: datetime
) -> Challenge:
    """Options for ``navigator.credentials.create``; passkeys that the user has already are left out."""
    authorize(principal, "self:write", Resource(principal.tenant, "factor"))
    user = people.get_user(session, principal.user)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=NAME,
        user_id=user_handle(principal.tenant, user.id),
        user_name=user.email,
        user_display_name=user.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=factor.credential_id)
            for factor in store.list_factors(session, user.id)
            if factor.credential_id is not None
        ],
    )
    body = {"challenge": bytes_to_base64url(options.challenge)}
    ticket = issue_ticket(session, "passkey-enrolment", now=now, user=user.id, body=body)
    return Challenge(ticket, json.loads(webauthn.options_to_json(options)))


def finish_enrolment(
    session: Session,
    party: RelyingParty,
    principal: Principal,
    *,
    ticket: str,
    credential: Mapping[str, Any],
    name: str,
    now: datetime,
) -> tuple[str, ...]:
    """Add the passkey; gives recovery codes when it is the user's first factor, else none.

    Raises ``WrongFactorError`` when the answer is not one to our challenge, page and domain, or the
    authenticator did not verify its user.
    """
    authorize(principal, "self:write", Resource(principal.tenant, "factor"))
    asked = use_ticket(session, ticket, "passkey-enrolment", now=now)
    if asked.user_id != principal.user:
        raise WrongFactorError("ticket: somebody else began this; begin again.")
    try:
        made = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=base64url_to_bytes(asked.body["challenge"]),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _REFUSALS as error:
        raise WrongFactorError(
            f"credential: the passkey cannot be added ({_reason(error)}); begin again."
        ) from error
    factor = store.Factor(
        id=f"factor-{secrets.token_hex(6)}",
        user_id=principal.user,
        kind="passkey",
        name=name,
        created_at=now,
        confirmed_at=None,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
    )
    store.add_factor(session, factor)
    return take_into_use(session, principal, factor, now=now)


def begin_log_in(database: Database, party: RelyingParty, *, now: datetime) -> Challenge:
    """Options for ``navigator.credentials.get``; who will answer is not known yet."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id, user_verification=UserVerificationRequirement.REQUIRED
    )
    with database.transaction(DOOR) as session:
        body = {"challenge": bytes_to_base64url(options.challenge)}
        ticket = issue_ticket(session, "passkey", now=now, body=body)
    return Challenge(ticket, json.loads(webauthn.options_to_json(options)))


def find_answerer(
    database: Database, ticket: str, credential: Mapping[str, Any], *, now: datetime
) -> tuple[bytes, store.FoundPasskey]:
    """The challenge, used up by this, and whose passkey the answer names; nothing is proved yet."""
    with database.transaction(DOOR) as session:
        asked = use_ticket(session, ticket, "passkey", now=now)
    with database.lookup() as session:
        found = store.find_passkey(session, _credential_id(credential))
    if found is None:
        raise BadCredentialsError(_NOT_ACCEPTED)
    return base64url_to_bytes(asked.body["challenge"]), found


def check_answer(
    session: Session,
    party: RelyingParty,
    found: store.FoundPasskey,
    *,
    challenge: bytes,
    credential: Mapping[str, Any],
    now: datetime,
) -> None:
    """Believe that the passkey's user is there, or raise ``BadCredentialsError``.

    Checked: challenge, page, domain, that the user was verified, the signature, the user's handle, and that
    the signature count grew (a copy of the authenticator would fall behind).
    """
    factor = store.find_factor(session, found.user_id, found.factor_id)
    if factor is None or factor.public_key is None:
        raise BadCredentialsError(_NOT_ACCEPTED)
    try:
        _refuse_foreign_handle(found, credential)
        verified = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=factor.public_key,
            credential_current_sign_count=factor.sign_count,
            require_user_verification=True,
        )
    except _REFUSALS as error:
        raise BadCredentialsError(_NOT_ACCEPTED) from error
    count = verified.new_sign_count
    if not store.use_passkey(session, factor.id, seen=factor.sign_count, sign_count=count, at=now):
        raise BadCredentialsError(_NOT_ACCEPTED)


def user_handle(tenant: TenantId, user: UserId) -> bytes:
    """The name that an authenticator keeps: always the same for a user, telling nobody who it is."""
    return hashlib.sha256(f"truenav user handle\0{tenant}\0{user}".encode()).digest()


_REFUSALS = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)
"""What the library raises for answers that are wrong, and for ones that are no answers at all."""


def _credential_id(credential: Mapping[str, Any]) -> bytes:
    try:
        return base64url_to_bytes(str(credential["rawId"]))
    except _REFUSALS as error:
        raise BadCredentialsError(_NOT_ACCEPTED) from error


def _refuse_foreign_handle(found: store.FoundPasskey, credential: Mapping[str, Any]) -> None:
    handle = credential["response"].get("userHandle")
    if handle is not None and base64url_to_bytes(handle) != user_handle(found.tenant, found.user_id):
        raise ValueError("the passkey is of another user")


def _reason(error: Exception) -> str:
    known = isinstance(error, WebAuthnException | TruenavError)
    return str(error)[:200] if known else "its answer cannot be read"
