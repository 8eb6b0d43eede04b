"""Accounts, assets and aliases as definitions; connections; contract terms."""

from __future__ import annotations

from truenav.app.catalogue import Catalogue, no_check
from truenav.app.sources.context import parse_context, terms_id
from truenav.app.sources.model import Connection
from truenav.core.account import Account
from truenav.core.asset import Asset, AssetAlias
from truenav.core.clock import instant_text
from truenav.core.failure import InvalidInputError
from truenav.core.ids import parse_slug
from truenav.core.instrument import Instrument
from truenav.core.portfolio import SubBookRule
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Kind


def _check_account(session: Session, account: Account) -> None:
    parse_slug(account.id, what="account")
    if not account.wallets or len(set(account.wallets)) != len(account.wallets):
        raise InvalidInputError(f"Account {account.id!r} needs at least one wallet, each named once.")
    accounts = {one.id for one in definitions.bodies(session, Kind.ACCOUNT, Account)}
    for rule in definitions.bodies(session, Kind.RULE, SubBookRule):
        if rule.account not in accounts:
            raise InvalidInputError(f"{rule.account!r} feeds {rule.node!r} by a rule; delete the rule first.")


def _check_asset(session: Session, asset: Asset) -> None:
    del session
    if not 0 <= asset.decimals <= 38:
        raise InvalidInputError(f"Asset {asset.symbol!r}: decimals are a number from 0 to 38.")


def _check_alias(session: Session, alias: AssetAlias) -> None:
    if alias.asset not in parse_context(session).assets.assets:
        raise InvalidInputError(
            f"Alias {alias.code!r} means {alias.asset!r}, which is no known asset; add it first."
        )


def alias_id(alias: AssetAlias) -> str:
    """``namespace:code``, with the day it begins where it has one."""
    start = f"@{instant_text(alias.valid_from)}" if alias.valid_from else ""
    return f"{alias.namespace}:{alias.code}{start}"


ACCOUNTS = Catalogue(
    Kind.ACCOUNT,
    Account,
    "source:read",
    "source:write",
    lambda one: one.id,
    _check_account,
    lambda sight, account: sight.sees_account(account.id),
)
ASSETS = Catalogue(Kind.ASSET, Asset, "portfolio:read", "portfolio:write", lambda one: one.id, _check_asset)
ALIASES = Catalogue(Kind.ALIAS, AssetAlias, "portfolio:read", "portfolio:write", alias_id, _check_alias)
INSTRUMENTS = Catalogue(Kind.INSTRUMENT, Instrument, "portfolio:read", "portfolio:write", terms_id, no_check)
CONNECTIONS = Catalogue(
    Kind.CONNECTION,
    Connection,
    "source:read",
    "source:write",
    lambda one: one.id,
    no_check,
    lambda sight, connection: connection.account is None or sight.sees_account(connection.account),
)
