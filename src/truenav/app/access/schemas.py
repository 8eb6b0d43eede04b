"""Forms of log-in, users and API tokens on the wire."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from truenav.access.modules import MODULES
from truenav.access.passwords import MAX_LENGTH
from truenav.access.policy import allowed_actions
from truenav.access.sessions import csrf_token
from truenav.access.tokens import IssuedToken
from truenav.app.access.role_schemas import PreferencesAnswer, ScopeAnswer
from truenav.app.http.login import Caller
from truenav.app.http.models import Answer, Body, Instant, ShortText, Slug
from truenav.store.roles import Preferences, Scope
from truenav.store.users import ApiToken, User

Email = Annotated[str, StringConstraints(min_length=3, max_length=254)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=4 * MAX_LENGTH)]
"""How long a new one must be is told by `truenav.access.passwords`, which knows of second factors."""
Roles = Annotated[list[ShortText], Field(min_length=1, max_length=20)]
Scopes = Annotated[list[ShortText], Field(min_length=1, max_length=100)]


class Me(Answer):
    """Who calls, what they may do, and (in a browser session) what to send as ``X-Truenav-CSRF``.

    ``modules`` are those that are on; ``masks`` name what is hidden in answers: a hidden text is ``•••••``.
    ``preferences`` are null until the caller keeps some.
    """

    id: str
    name: str
    tenant: str
    roles: list[str]
    actions: list[str]
    modules: list[str]
    masks: list[str]
    scope: ScopeAnswer
    preferences: PreferencesAnswer | None
    csrf: str | None = None

    @classmethod
    def of(cls, caller: Caller, preferences: Preferences | None) -> Self:
        """What the caller is told about themselves."""
        who = caller.principal
        return cls(
            id=who.user,
            name=who.name,
            tenant=who.tenant,
            roles=sorted(who.roles),
            actions=list(allowed_actions(who)),
            modules=[module for module in MODULES if module not in who.modules_off],
            masks=sorted(who.masks),
            scope=ScopeAnswer.of(
                Scope(None if who.nodes is None else tuple(sorted(who.nodes)), tuple(sorted(who.investors)))
            ),
            preferences=None if preferences is None else PreferencesAnswer.of(preferences),
            csrf=csrf_token(caller.token) if caller.from_cookie else None,
        )


class UserAnswer(Answer):
    """One user of the tenant."""

    id: str
    name: str
    email: str
    roles: list[str]
    disabled_at: Instant | None
    created_at: Instant

    @classmethod
    def of(cls, user: User) -> Self:
        """A user without the password's hash."""
        return cls(
            id=user.id,
            name=user.name,
            email=user.email,
            roles=list(user.roles),
            disabled_at=user.disabled_at,
            created_at=user.created_at,
        )


class NewUserBody(Body):
    """A user to be added."""

    id: Slug
    name: ShortText
    email: Email
    roles: Roles
    password: Password


class UserChangeBody(Body):
    """What to change; what is left out stays."""

    name: ShortText | None = None
    roles: Roles | None = None
    password: Password | None = None
    disabled: bool | None = None


class TokenAnswer(Answer):
    """One API token, without its secret."""

    id: str
    name: str
    scopes: list[str]
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None

    @classmethod
    def of(cls, token: ApiToken) -> Self:
        """A token as its owner sees it."""
        return cls.model_validate(token)


class NewTokenBody(Body):
    """A token to be made: what for, limited to which actions, until when."""

    name: ShortText
    scopes: Scopes
    expires_at: Instant | None = None


class NewToken(Answer):
    """A new API token; ``secret`` is shown here and never again."""

    token: TokenAnswer
    secret: str

    @classmethod
    def of(cls, issued: IssuedToken) -> Self:
        """The token and its secret."""
        return cls(token=TokenAnswer.of(issued.token), secret=issued.secret)
