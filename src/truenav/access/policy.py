"""The one place where it is decided whether somebody may do something.

The rules are Cedar policies (``policies.cedar``), checked against a schema when they are loaded. Every
room asks ``authorize``; no room looks at roles itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

import cedarpy

from truenav.access.actions import ACTIONS, ROLES
from truenav.core.failure import ForbiddenError, InvalidInputError
from truenav.core.ids import TenantId, UserId

Via = Literal["session", "token", "system"]

INSTALLATION = TenantId("installation")
"""The tenant whose hosts run the others."""


_DECISIONS_KEPT = 4096


class PolicyFileError(RuntimeError):
    """The packaged policies are broken; nothing can be authorised and nothing starts."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``scopes`` None: everything the roles allow, otherwise only these actions.

    ``via`` says how they proved who they are: a log-in ``session`` or an API ``token``; ``system`` is the
    installation itself, running a schedule. ``custom`` names those of the roles that the tenant made,
    ``granted`` what they allow. ``masks`` is what is hidden, ``nodes`` where (None: everywhere) the person
    looks, ``investors`` whose units are theirs, ``modules_off`` what the tenant switched off.
    """

    user: UserId
    tenant: TenantId
    roles: frozenset[str]
    name: str = ""
    scopes: frozenset[str] | None = None
    via: Via = "session"
    custom: frozenset[str] = frozenset()
    granted: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    nodes: frozenset[str] | None = None
    investors: frozenset[str] = frozenset()
    modules_off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resource:
    """What is asked for. ``maker`` is the user who made it, where a second person must check it."""

    tenant: TenantId
    kind: str = "tenant"
    name: str = ""
    maker: str | None = None


def authorize(principal: Principal, action: str, resource: Resource | None = None) -> None:
    """Let the principal do this, or raise ``ForbiddenError`` with the reason.

    Without a resource the question is about the principal's tenant as a whole. Fails closed: an unknown
    action or role, or any error while deciding, is a refusal.
    """
    target = resource or Resource(principal.tenant)
    allowed, because = _decide(principal, action, target)
    if not allowed:
        what = ACTIONS.get(action, "do something unknown")
        raise ForbiddenError(
            f"{principal.name or principal.user} may not do this: {what[:1].lower()}{what[1:]}. {because}",
            action=action,
            kind=target.kind,
        )


def may(principal: Principal, action: str, resource: Resource | None = None) -> bool:
    """Whether ``authorize`` would let it pass; for screens that hide what would be refused."""
    return _decide(principal, action, resource or Resource(principal.tenant))[0]


def allowed_actions(principal: Principal) -> tuple[str, ...]:
    """Every action that the principal may do in its tenant, in the order of ``ACTIONS``."""
    decisions = _decide_all(principal, tuple(ACTIONS), Resource(principal.tenant))
    return tuple(action for action, (allowed, _) in zip(ACTIONS, decisions, strict=True) if allowed)


@cache
def role_actions(role: str) -> tuple[str, ...]:
    """Every action that a packaged role allows, asked of the policies themselves."""
    tenant = INSTALLATION if role == "host" else TenantId("any")
    return allowed_actions(Principal(UserId("somebody"), tenant, frozenset({role})))


def parse_roles(names: Iterable[str], *, custom: Iterable[str] = ()) -> tuple[str, ...]:
    """Role names, sorted and without doubles; one that is neither packaged nor ``custom`` is refused."""
    return _parse_names(names, known=(*ROLES, *custom), what="role")


def parse_scopes(names: Iterable[str]) -> tuple[str, ...]:
    """Scopes (names of actions), sorted and without doubles; an unknown one is refused."""
    return _parse_names(names, known=ACTIONS.keys(), what="scope")


def rights_table() -> str:
    """The Markdown table action by role, asked of the policies themselves (docs/reference/access.md)."""
    rights = {role: frozenset(role_actions(role)) for role in ROLES}
    head = f"| action | what it allows | {' | '.join(ROLES)} |"
    rule = "|---|---|" + ":-:|" * len(ROLES)
    rows = (
        f"| `{action}` | {words} | "
        + " | ".join("yes" if action in allowed else "" for allowed in rights.values())
        + " |"
        for action, words in ACTIONS.items()
    )
    return "\n".join((head, rule, *rows)) + "\n"


def _parse_names(names: Iterable[str], *, known: Iterable[str], what: str) -> tuple[str, ...]:
    wanted = sorted(set(names))
    if not wanted:
        raise InvalidInputError(f"At least one {what} is needed; known: {', '.join(known)}.")
    for name in wanted:
        if name not in known:
            raise InvalidInputError(f"{name[:60]!r} is not a {what}; known: {', '.join(known)}.")
    return tuple(wanted)


def _decide(principal: Principal, action: str, resource: Resource) -> tuple[bool, str]:
    """The decision and, where a forbid made it, that policy's reason in words."""
    if action not in ACTIONS:
        return False, "The action or the role is unknown."
    return _decide_all(principal, (action,), resource)[0]


@lru_cache(_DECISIONS_KEPT)
def _decide_all(
    principal: Principal, actions: tuple[str, ...], resource: Resource
) -> tuple[tuple[bool, str], ...]:
    """`_decide` for several known actions at once, which costs little more than one.

    It follows from what is given and from the packaged policies alone, so it is kept: whoever loses a role or
    gains one is another principal.
    """
    if not principal.roles <= ROLES.keys() | principal.custom:
        return ((False, "The action or the role is unknown."),) * len(actions)
    policies = _policies()
    requests = [_request(principal, action) for action in actions]
    answers = cedarpy.is_authorized_batch(
        requests, policies.compiled, _entities(principal, resource), policies.schema
    )
    return tuple(_told(answer, policies) for answer in answers)


def _told(answer: cedarpy.AuthzResult, policies: _Policies) -> tuple[bool, str]:
    # Cedar leaves out a policy that fails; a forbid that failed must not open the door.
    if answer.diagnostics.errors:
        return False, "The policies could not be evaluated."
    if answer.allowed:
        return True, ""
    reasons = answer.diagnostics.id_annotations_by_reason.values()
    return False, " ".join(policies.because[one] for one in sorted(reasons)) or "No role of theirs allows it."


def _request(principal: Principal, action: str) -> dict[str, Any]:
    context: dict[str, Any] = {
        "via": principal.via,
        "scope": action,
        "user": principal.user,
        "roles": sorted(principal.roles),
    }
    if principal.scopes is not None:
        context["scopes"] = sorted(principal.scopes)
    return {
        "principal": {"type": "User", "id": principal.user},
        "action": {"type": "Action", "id": action},
        "resource": {"type": "Resource", "id": "it"},
        "context": context,
    }


def _entities(principal: Principal, resource: Resource) -> list[dict[str, Any]]:
    attributes = {"kind": resource.kind, "name": resource.name, "tenant": resource.tenant}
    if resource.maker is not None:
        attributes["maker"] = resource.maker
    person: dict[str, Any] = {"tenant": principal.tenant}
    if principal.granted:
        person["granted"] = sorted(principal.granted)
    packaged = sorted(principal.roles - principal.custom)
    return [
        {
            "uid": {"type": "User", "id": principal.user},
            "attrs": person,
            "parents": [{"type": "Role", "id": role} for role in packaged],
        },
        {"uid": {"type": "Resource", "id": "it"}, "attrs": attributes, "parents": []},
    ]


@dataclass(frozen=True, slots=True)
class _Policies:
    compiled: cedarpy.PolicySet
    schema: cedarpy.Schema
    because: dict[str, str]


@cache
def _policies() -> _Policies:
    folder = resources.files("truenav.access")
    text = folder.joinpath("policies.cedar").read_text("utf-8")
    schema = cedarpy.Schema.from_str(
        folder.joinpath("schema.cedarschema").read_text("utf-8") + _action_schema()
    )
    checked = cedarpy.validate_policies(text, schema)
    if not checked:
        raise PolicyFileError("; ".join(map(str, checked.errors)))
    because = dict(re.findall(r'@id\("([^"]+)"\)\s*@because\("([^"]+)"\)', text))
    return _Policies(cedarpy.PolicySet.from_str(text), schema, because)


def _action_schema() -> str:
    names = ", ".join(f'"{action}"' for action in ACTIONS)
    return f"\naction {names} appliesTo {{ principal: User, resource: Resource, context: Asked }};\n"
