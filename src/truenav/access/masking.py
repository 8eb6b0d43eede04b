"""What a role does not show: keys, addresses and strategies, hidden in every answer in the same way.

A masked text is ``•••••``, a masked list holds it once, a masked object is ``{"masked": true}``. Fields are
known by their names, which mean the same everywhere; so a new answer is masked like the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from truenav.core.failure import ForbiddenError, InvalidInputError

MASKED = "•••••"

MASKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "keys": ("Names and rights of keys", "密钥的名称与权限"),
        "addresses": (
            "Wallet addresses, transaction hashes and raw payloads",
            "钱包地址、交易哈希与原始数据",
        ),
        "strategies": ("Strategies, books and their tags below a fund", "基金之下的策略、账簿及其标签"),
    }
)
"""Every mask in words, English and Chinese."""

ROLE_MASKS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"finance": frozenset(MASKS), "investor": frozenset(MASKS)}
)
"""What the packaged roles do not show; a role that is not named here shows everything it may read."""

_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "keys": frozenset({"check", "identity", "key_id", "key_name"}),
        "addresses": frozenset({"address", "base_url", "counterpart", "request", "txid"}),
        "strategies": frozenset({"tag", "strategy", "selector"}),
    }
)
_PLACES = frozenset({"node", "parent", "id", "name"})
_BELOW_FUNDS = frozenset({"portfolio", "strategy", "book", "unassigned"})


class MaskedError(ForbiddenError):
    """The file or stream holds what the caller's roles do not show, and cannot be shown in part."""

    code = "masked"
    title = "Hidden from your role"


def masks_of(roles: Iterable[frozenset[str]]) -> frozenset[str]:
    """What somebody with these roles' masks does not see: only what none of the roles shows."""
    every = list(roles)
    return frozenset.intersection(*every) if every else frozenset()


def parse_masks(names: Iterable[str]) -> tuple[str, ...]:
    """Mask names, sorted and without doubles; an unknown one is refused."""
    wanted = sorted(set(names))
    for name in wanted:
        if name not in MASKS:
            raise InvalidInputError(f"{name[:60]!r} is not a mask; known: {', '.join(MASKS)}.")
    return tuple(wanted)


def refuse_raw(masks: Collection[str], what: str) -> None:
    """Raise ``MaskedError`` for bytes that cannot be masked in part."""
    if masks:
        raise MaskedError(
            f"{what} holds {' and '.join(sorted(masks))}, which your roles do not show. Ask somebody whose "
            "role shows them, for example an auditor.",
            masks=sorted(masks),
        )


def mask(data: Any, masks: Collection[str], *, funds: Collection[str] = ()) -> Any:
    """JSON data with everything hidden that the masks name.

    ``funds``: ids of nodes that are funds, which the mask *strategies* leaves as they are.
    """
    hidden = frozenset().union(*(_FIELDS[name] for name in masks))
    return _walk(data, hidden, "strategies" in masks, "addresses" in masks, frozenset(funds))


def _walk(data: Any, hidden: frozenset[str], strategies: bool, addresses: bool, funds: frozenset[str]) -> Any:
    if isinstance(data, list):
        return [_walk(one, hidden, strategies, addresses, funds) for one in data]
    if not isinstance(data, dict):
        return data
    body = data["body"] if isinstance(data.get("body"), dict) else {}
    below = strategies and any(
        _is_one_of(kind, _BELOW_FUNDS) for kind in (data.get("kind"), body.get("kind"))
    )
    transfer = addresses and body.get("is") == "transfer"
    node = body.get("node") if strategies and not _is_one_of(body.get("node"), funds) else None
    shown = {}
    for name, value in data.items():
        place = (strategies and name == "node" and not _is_one_of(value, funds)) or (
            below and name in _PLACES
        )
        filed = name == "account" and node is not None and value == node  # a manual item lies under its node
        tagged = strategies and name == "client_id" and "tag" in data  # such an id begins with the tag
        if name in hidden or place or filed or tagged or (transfer and name == "external_id"):
            shown[name] = _masked(value)
        else:
            shown[name] = _walk(value, hidden, strategies, addresses, funds)
    return shown


def _is_one_of(value: Any, names: frozenset[str]) -> bool:
    return isinstance(value, str) and value in names


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return MASKED
    if isinstance(value, list):
        return [MASKED] if value else []
    if isinstance(value, dict):
        return {"masked": True}
    return None
