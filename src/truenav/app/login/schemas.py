"""Forms of log-in, second factors, sessions and links on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from truenav.access.passkeys import Challenge
from truenav.access.service import FactorStep, LogIn
from truenav.app.access.schemas import Email, Me, Password
from truenav.app.http.models import Answer, Body, Instant, ShortText, Slug
from truenav.app.login.devices import device
from truenav.store.factors import Factor
from truenav.store.users import LogInSession

Code = Annotated[str, StringConstraints(min_length=6, max_length=60)]
TicketText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Credential = Annotated[dict[str, Any], Field(max_length=20)]


class LogInBody(Body):
    """E-mail and password; the tenant only where both fit several."""

    email: Email
    password: Password
    tenant: Slug | None = None


class CodeBody(Body):
    """The second step: a code of the generator, or a recovery code."""

    ticket: TicketText
    code: Code


class PasskeyBody(Body):
    """What the authenticator answered (``PublicKeyCredential.toJSON()``) to the challenge of the ticket."""

    ticket: TicketText
    credential: Credential


class LoggedIn(Answer):
    """A new browser session; the cookie that opens it came with the answer.

    ``limited``: nothing but one's own account can be used until this is mended: ``factor`` (the tenant asks
    for a second factor; add one), ``password`` (it is too short to stand alone; change it or add a factor).
    ``failed_attempts`` since the last log-in, which was at ``last_at`` from ``last_from``.
    """

    step: Literal["done"] = "done"
    me: Me
    expires_at: Instant
    limited: str | None
    failed_attempts: int
    last_at: Instant | None
    last_from: str | None

    @classmethod
    def of(cls, login: LogIn, me: Me) -> Self:
        """What somebody who has just logged in is told."""
        return cls(
            me=me,
            expires_at=login.expires_at,
            limited=login.limited,
            failed_attempts=login.before.failures,
            last_at=login.before.logged_in_at,
            last_from=login.before.logged_in_from,
        )


class FactorNeeded(Answer):
    """The password is right; now one of ``factors`` (``totp``, ``passkey``, ``recovery``), in 5 minutes."""

    step: Literal["factor"] = "factor"
    factors: list[str]
    ticket: str

    @classmethod
    def of(cls, step: FactorStep) -> Self:
        """The second step."""
        return cls(factors=list(step.factors), ticket=step.ticket)


class PasskeyChallenge(Answer):
    """``options`` for the browser's ``navigator.credentials``, and the ticket to come back with."""

    ticket: str
    options: dict[str, Any]

    @classmethod
    def of(cls, challenge: Challenge) -> Self:
        """A challenge as the browser takes it."""
        return cls(ticket=challenge.ticket, options=dict(challenge.options))


class LinkBody(Body):
    """The ticket of an invitation or of a link for a new password."""

    ticket: TicketText


class LinkAnswer(Answer):
    """Whom a link is for."""

    purpose: str
    tenant: str
    name: str
    email: str
    expires_at: Instant


class LinkUseBody(Body):
    """A password of one's own choice, by a link."""

    ticket: TicketText
    password: Password


class NewLink(Answer):
    """A link to be handed to its user, shown here only; ``path`` is what the web app opens."""

    ticket: str
    path: str
    expires_at: Instant


class InviteBody(Body):
    """A user to be invited: chooses the password by the link."""

    id: Slug
    name: ShortText
    email: Email
    roles: Annotated[list[ShortText], Field(min_length=1, max_length=20)]


class PasswordChangeBody(Body):
    """The present password and the new one."""

    present: Password
    new: Password


class ConfirmBody(Body):
    """The password again, and a code where the user has a second factor."""

    password: Password
    code: Code | None = None


class FactorAnswer(Answer):
    """One second factor of one's own."""

    id: str
    kind: Literal["totp", "passkey"]
    name: str
    created_at: Instant
    last_used_at: Instant | None

    @classmethod
    def of(cls, factor: Factor) -> Self:
        """A factor without what it is checked with."""
        return cls.model_validate(factor)


class Security(Answer):
    """How one logs in: factors, codes left, until when sensitive changes need no new proof."""

    factors: list[FactorAnswer]
    recovery_codes: int
    factor_required: bool
    has_password: bool
    limited: str | None
    fresh_until: Instant | None


class NewGeneratorBody(Body):
    """A name for the generator, for example the phone it is on."""

    name: ShortText


class NewGeneratorAnswer(Answer):
    """A TOTP secret, shown here only: ``uri`` as a QR code, ``secret`` to be typed."""

    id: str
    secret: str
    uri: str


class GeneratorCodeBody(Body):
    """The first code that the generator shows."""

    code: Code


class NewPasskeyBody(Body):
    """The authenticator's answer to the enrolment challenge, and a name for it."""

    ticket: TicketText
    name: ShortText
    credential: Credential


class RecoveryCodes(Answer):
    """Codes that let one in once each when the factor is lost; shown here only. Empty: the old ones hold."""

    codes: list[str]


class SessionAnswer(Answer):
    """One open session and the network address it came from; ``current`` is the one that asks."""

    id: str
    device: str
    seen_from: str
    methods: list[str]
    created_at: Instant
    last_seen_at: Instant
    expires_at: Instant
    current: bool

    @classmethod
    def of(cls, found: LogInSession, *, current: bool) -> Self:
        """A session as its user sees it."""
        return cls(
            id=found.id,
            device=device(found.proof.agent),
            seen_from=found.proof.address,
            methods=list(found.proof.methods),
            created_at=found.created_at,
            last_seen_at=found.last_seen_at,
            expires_at=found.expires_at,
            current=current,
        )


class Sessions(Answer):
    """Open sessions, newest first."""

    items: list[SessionAnswer]


class Rules(Answer):
    """What the tenant asks of everybody who logs in."""

    factor_required: bool


class RulesBody(Body):
    """What the tenant asks of everybody who logs in."""

    factor_required: bool
