"""Modules: what a tenant may switch off as a whole. Menu, endpoints, jobs and schedules of it vanish then."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from truenav.core.failure import InvalidInputError, NotFoundError


class ModuleOffError(NotFoundError):
    """The tenant switched this module off; as far as its users can tell it is not there."""

    code = "module-off"
    title = "This module is switched off"


@dataclass(frozen=True, slots=True)
class Module:
    """A capability, in words, and the nouns of the actions that belong to it."""

    id: str
    en: str
    zh: str
    nouns: tuple[str, ...] = ()


MODULES: Mapping[str, Module] = MappingProxyType(
    {
        one.id: one
        for one in (
            Module("overview", "Overview", "总览"),
            Module("portfolio", "Portfolio", "投资组合", ("portfolio",)),
            Module("explore", "Explore", "透视分析"),
            Module("nav", "NAV", "净值", ("nav",)),
            Module("statements", "Statements", "净值报告"),
            Module("holdings", "Holdings of investors", "投资者持有份额", ("holding",)),
            Module("etp", "Leveraged products and ETPs", "杠杆产品与 ETP", ("product",)),
            Module("baskets", "Creation and redemption", "申购赎回", ("basket",)),
            Module("trading", "Trading", "交易", ("trade",)),
            Module("pricing", "Pricing", "估值定价", ("price", "policy")),
            Module("sources", "Connections and imports", "连接与导入", ("source", "import", "fact")),
            Module("manual", "Manual items", "手工项", ("manual",)),
            Module("notices", "Notices", "通知", ("notice",)),
        )
    }
)

_BY_NOUN = {noun: module.id for module in MODULES.values() for noun in module.nouns}


def module_of(action: str) -> str | None:
    """The module that an action or job (``nav.advance``) belongs to; None where it cannot be switched off."""
    return _BY_NOUN.get(action.replace(".", ":").partition(":")[0])


def parse_module(name: str) -> Module:
    """A module by its id; an unknown one is refused."""
    if name not in MODULES:
        raise InvalidInputError(f"{name[:60]!r} is not a module; known: {', '.join(MODULES)}.")
    return MODULES[name]


def refuse_module_off(module: str | None, off: Collection[str]) -> None:
    """Raise ``ModuleOffError`` where the module is among those that are off."""
    if module is not None and module in off:
        raise ModuleOffError(
            f"The module '{module}' is switched off here; an administrator can switch it on under Modules."
        )
