"""Forms of roles, scopes, preferences and modules on the wire."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from truenav.access.actions import ACTIONS
from truenav.access.masking import MASKS
from truenav.access.modules import MODULES
from truenav.access.roles import RoleDraft, RoleInWords
from truenav.access.words import ACTIONS_ZH
from truenav.app.http.models import Answer, Body, ShortText
from truenav.store.roles import Preferences, Scope

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Names = Annotated[list[ShortText], Field(max_length=500)]


class InWords(Answer):
    """Something by its id, in English and Chinese."""

    id: str
    en: str
    zh: str


class RoleAnswer(Answer):
    """A role in plain words. ``nodes`` null: everywhere. ``masks``: what it does not show."""

    id: str
    name: InWords
    description: InWords
    actions: list[str]
    masks: list[str]
    nodes: list[str] | None
    custom: bool

    @classmethod
    def of(cls, role: RoleInWords) -> Self:
        """A role as the API shows it."""
        return cls(
            id=role.id,
            name=InWords(id=role.id, en=role.name_en, zh=role.name_zh),
            description=InWords(id=role.id, en=role.description_en, zh=role.description_zh),
            actions=list(role.actions),
            masks=list(role.masks),
            nodes=None if role.nodes is None else list(role.nodes),
            custom=role.custom,
        )


class RolesAnswer(Answer):
    """Every role, and every action and mask in words."""

    roles: list[RoleAnswer]
    actions: list[InWords]
    masks: list[InWords]

    @classmethod
    def of(cls, roles: tuple[RoleInWords, ...]) -> Self:
        """The roles as the API shows them."""
        return cls(
            roles=[RoleAnswer.of(role) for role in roles],
            actions=[InWords(id=one, en=en, zh=ACTIONS_ZH.get(one, en)) for one, en in ACTIONS.items()],
            masks=[InWords(id=one, en=en, zh=zh) for one, (en, zh) in MASKS.items()],
        )


class RoleBody(Body):
    """A role to be made or changed. ``nodes`` absent: everywhere; else these nodes and all below them."""

    name: ShortText
    description: Sentence = ""
    actions: Annotated[list[ShortText], Field(min_length=1, max_length=200)]
    masks: Annotated[list[ShortText], Field(max_length=20, default_factory=list)]
    nodes: Names | None = None

    def draft(self, id: str) -> RoleDraft:
        """The role as the access room takes it."""
        nodes = None if self.nodes is None else tuple(self.nodes)
        return RoleDraft(id, self.name, self.description, tuple(self.actions), tuple(self.masks), nodes)


class ScopeAnswer(Answer):
    """What a user sees: ``nodes`` with all below them (null: all), and the holders whose units are theirs."""

    nodes: list[str] | None
    investors: list[str]

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """A scope as the API shows it."""
        nodes = None if scope.nodes is None else list(scope.nodes)
        return cls(nodes=nodes, investors=list(scope.investors))


class ScopeBody(Body):
    """The scope to be kept, whole."""

    nodes: Names | None = None
    investors: Annotated[Names, Field(default_factory=list)]

    def scope(self) -> Scope:
        """The scope as the access room takes it."""
        return Scope(None if self.nodes is None else tuple(self.nodes), tuple(self.investors))


class PreferencesBody(Body):
    """How one wants the screens."""

    language: Literal["en", "zh"]
    theme: Literal["light", "dark", "system"]
    numeraire: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9._-]{1,64}$")] = "USD"


class PreferencesAnswer(Answer):
    """How one wants the screens."""

    language: str
    theme: str
    numeraire: str

    @classmethod
    def of(cls, preferences: Preferences) -> Self:
        """Preferences as the API shows them."""
        return cls.model_validate(preferences)


class ModuleAnswer(Answer):
    """A module in words, and whether it is on."""

    id: str
    en: str
    zh: str
    enabled: bool


def module_answers(off: frozenset[str]) -> list[ModuleAnswer]:
    """Every module; ``off`` are those that are switched off."""
    return [
        ModuleAnswer(id=one.id, en=one.en, zh=one.zh, enabled=one.id not in off) for one in MODULES.values()
    ]


class ModulesBody(Body):
    """Which modules to switch; what is left out stays."""

    switches: Annotated[dict[str, bool], Field(min_length=1, max_length=50)]
