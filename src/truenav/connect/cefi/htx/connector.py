"""HTX: key check, market and accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime, timedelta

from truenav.connect.cefi.htx import client as htx
from truenav.connect.cefi.htx.answers import CONTRACTS, CROSS, ISOLATED, OTC, SPOT, USDTM, VENUE
from truenav.connect.cefi.htx.client import (
    FAMILIES,
    LINEAR,
    MARGINS,
    Contracts,
    Endpoint,
    History,
    HtxClient,
    balance_of,
    data,
    repayments_of,
    rows,
    transfers_of,
)
from truenav.connect.cefi.htx.errors import refusal
from truenav.connect.cefi.htx.ledger import is_of_order, is_of_trade
from truenav.connect.cefi.htx.manifest import MANIFEST
from truenav.connect.cefi.htx.parse import PARSERS
from truenav.connect.cefi.htx.streams import account_streams, market_streams
from truenav.connect.contract import (
    AccountStream,
    Credentials,
    Cursor,
    Errand,
    Gathered,
    KeyCheck,
    Manifest,
    ParseContext,
    Parser,
    Payload,
    Problem,
    Right,
    StreamPlan,
)
from truenav.connect.daily import each_daily, held_codes
from truenav.connect.document import Node, read_json
from truenav.connect.errors import (
    IncompletePagesError,
    KeyForbiddenError,
    MalformedPayloadError,
    VenueError,
)
from truenav.connect.gathering import Harvest, Pages, Parts, Step, alone, confirming, whole
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import FailureKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import ZERO

_BY_NUMBER: Mapping[str, str] = {SPOT: "spot", OTC: "otc"}
"""Wallets whose balances are asked for by the account's number, and the type of that account."""
_BOOKED_WITHIN = timedelta(seconds=1)
"""What the records and a fill may differ in their instant."""
_LATE = timedelta(days=1)
"""How long fills that are behind the records are waited for."""


class HtxConnector:
    """Reads HTX spot, margin, USDT-margined and coin-margined accounts."""

    manifest: Manifest = MANIFEST
    parsers: Mapping[str, Parser] = PARSERS

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """HTX's own error in an answer."""
        return refusal(status, body)

    async def clock_offset(self, api: Transport) -> timedelta:
        """HTX's clock less ours."""
        clock = await HtxClient(api).get(htx.TIME)
        return read_json(clock.body).instant("data") - clock.evidence.middle

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock, rights, owner and accounts of a key; raises where the key is not accepted at all."""
        offset = await self.clock_offset(api)
        client = HtxClient(api, credentials)
        uid = str(_there(await client.get(htx.UID)).value)
        rights = _rights(await _keys_of(client, uid), credentials.key)
        kinds = {row.text("type") for row in rows(await client.get(htx.ACCOUNTS))}
        return KeyCheck(
            read=Right.YES,
            trade=_right(rights, "trade"),
            withdraw=_right(rights, "withdraw"),
            clock_offset=offset,
            account_types=tuple(sorted(kinds)),
            identity=uid,
        )

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Terms of the markets of known assets, last prices of pairs, then the mark of each contract."""
        del credentials
        client = HtxClient(api)
        harvest = Harvest(api, context, VENUE, FailureKind.UNPRICED)
        await harvest.run(alone(client, one) for one in (htx.SYMBOLS, *(one.info for one in FAMILIES)))
        harvest.context = context.with_instruments(tuple(harvest.instruments))
        steps = [alone(client, htx.TICKERS)]
        steps += [alone(client, one.index) for one in FAMILIES if one.index is not None]
        for one in harvest.instruments:
            if one.kind is not InstrumentKind.SPOT:
                family = _family_of(one.inverse, one.kind)
                steps.append(alone(client, family.mark, {family.marked_by: one.code}))
        await harvest.run(steps)
        harvest.require_prices()
        return harvest.gathered()

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """The streams that tell these instruments' prices as they change."""
        return market_streams(context)

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """The streams that tell what changes in the account's wallets."""
        return account_streams(account.wallets)

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """The account's numbers, then balances and positions at once, then the histories side by side."""
        client = HtxClient(api, errand.credentials)
        harvest = Harvest.of(api, errand)
        (listed,) = await harvest.run([alone(client, htx.ACCOUNTS)])
        numbers = _numbers(listed)
        state = _state(client, errand.account, numbers)
        held = dict(zip((name for name, _ in state), await harvest.run(state), strict=True))
        if errand.history:
            past = _Past(client, harvest, errand.cursors, errand.since)
            await harvest.run(past.steps(set(errand.account.wallets), numbers or {}))
            for family in FAMILIES:
                if family.wallet in errand.account.wallets:
                    await past.contracts(family, held[family.accounts.name])
            _tell_limits(harvest, errand, api.now())
        return harvest.gathered()


def _there(payload: Payload) -> Node:
    found = data(payload)
    if found is None:
        raise MalformedPayloadError(f"htx {payload.evidence.endpoint}: the answer holds nothing.")
    return found


async def _keys_of(client: HtxClient, uid: str) -> Sequence[Node]:
    """The owner's keys; none where the venue keeps them from this key, as from that of a sub-account."""
    try:
        return rows(await client.get(htx.API_KEY, {"uid": uid}, secret=True))
    except KeyForbiddenError:
        return ()


def _rights(keys: Sequence[Node], key: str) -> frozenset[str]:
    """The rights of one of the owner's keys; empty where the venue does not list it."""
    listed = (row.text_or("permission") for row in keys if row.text("accessKey") == key)
    return frozenset(right.strip() for right in next(listed, "").split(",") if right.strip())


def _right(rights: frozenset[str], name: str) -> Right:
    if not rights:
        return Right.UNVERIFIED
    return Right.YES if name in rights else Right.NO


def _family_of(inverse: bool, kind: InstrumentKind) -> Contracts:
    linear, swaps, futures = FAMILIES
    if not inverse:
        return linear
    return swaps if kind is InstrumentKind.PERPETUAL else futures


# -- state, and what confirms that a list is empty ------------------------------------------------

Numbers = Mapping[str, tuple[str, ...]]
"""Numbers of accounts by their type, as requests for their balance and past want them."""


def _numbers(accounts: Pages | None) -> Numbers | None:
    """Numbers of the listed accounts, None where the list is not read."""
    if accounts is None:
        return None
    found: dict[str, tuple[str, ...]] = {}
    for payload in accounts.payloads:
        for row in rows(payload):
            kind = row.text("type")
            found[kind] = (*found.get(kind, ()), row.text("id"))
    return found


def _state(client: HtxClient, account: Account, numbers: Numbers | None) -> list[Step]:
    """What the wallets hold; the venue lists every coin, so that an empty list was not read."""
    steps: list[Step] = []
    for wallet, kind in _BY_NUMBER.items():
        if wallet in account.wallets:
            steps.append((f"{wallet}.balance/1", _read_numbered(client, wallet, kind, numbers)))
    for wallet, (kind, endpoint) in MARGINS.items():
        if wallet in account.wallets:
            opened = numbers is None or kind in numbers
            steps.append((endpoint.name, _read_margin(client, endpoint, opened)))
    for family in FAMILIES:
        if family.wallet in account.wallets:
            steps += _contract_state(client, family)
    return steps


async def _read_numbered(client: HtxClient, wallet: str, kind: str, numbers: Numbers | None) -> Pages:
    if numbers is None:
        raise IncompletePagesError(
            f"htx {wallet}: the list of accounts, which tells its number, is not read."
        )
    if kind not in numbers:
        raise IncompletePagesError(f"htx: the venue lists no account for the wallet {wallet}; take it out.")
    payload = await client.get(balance_of(wallet, numbers[kind][0]))
    if not list(_there(payload).field("list").items()):
        raise IncompletePagesError(
            f"htx {wallet}: no coin is listed; an empty list is not taken for nothing."
        )
    return Pages((payload,))


async def _read_margin(client: HtxClient, endpoint: Endpoint, opened: bool) -> Pages:
    payload = await client.get(endpoint)
    found = _there(payload)
    accounts = list(found.items()) if isinstance(found.value, list) else [found]
    if opened and not any(list(one.field("list").items()) for one in accounts):
        raise IncompletePagesError(
            f"htx {endpoint.name}: nothing is listed, but the venue does not say that there is no such "
            "account; it is not taken."
        )
    return Pages((payload,))


def _contract_state(client: HtxClient, family: Contracts) -> tuple[Step, Step]:
    """Accounts and positions of one family, asked at the same time: open profit must come from somewhere."""
    accounts: asyncio.Future[Payload] = asyncio.ensure_future(client.get(family.accounts))

    async def read_accounts() -> Pages:
        payload = await accounts
        if not _account_rows(payload, family):
            raise IncompletePagesError(f"htx {family.accounts.name}: no account is listed; it is not taken.")
        return Pages((payload,))

    async def read_positions() -> Pages:
        payload = await client.get(family.positions)
        await _refuse_missing_positions(accounts, family, rows(payload))
        return Pages((payload,))

    return (family.accounts.name, read_accounts()), (family.positions.name, read_positions())


def _account_rows(payload: Payload, family: Contracts) -> list[Node]:
    """The accounts of a family, or the one account of USDT-margined contracts."""
    return rows(payload) if family.unit else [_there(payload)]


async def _refuse_missing_positions(
    accounts: asyncio.Future[Payload], family: Contracts, positions: Sequence[Node]
) -> None:
    """Refuse a list of positions that has none where an account shows open profit or margin of positions."""
    found = _account_rows(await confirming(accounts, f"htx {family.accounts.name}: the account"), family)
    shown = ("profit_unreal", "margin_position", "maintenance_margin")
    held = {row.text_or(family.unit) for row in positions if row.decimal_or("volume", ZERO)}
    for row in found:
        unit = row.text(family.unit) if family.unit else ""
        missing = unit not in held if family.unit else not held
        if missing and any(row.decimal_or(name, ZERO) for name in shown):
            raise IncompletePagesError(
                f"htx {family.positions.name}: the account {unit} shows open positions that the list does "
                "not have; it is not taken."
            )


# -- history --------------------------------------------------------------------------------------


class _Past:
    """Chooses what to read of one account's past."""

    def __init__(
        self, client: HtxClient, harvest: Harvest, cursors: Mapping[str, Cursor], since: datetime
    ) -> None:
        self.client = client
        self.harvest = harvest
        self.cursors = cursors
        self.since = since

    def steps(self, wallets: set[str], numbers: Numbers) -> list[Step]:
        """Open orders, leverage tiers, and all histories but those of contracts.

        Fills of pairs are those of all wallets.
        """
        steps: list[Step] = []
        if wallets & {SPOT, CROSS, ISOLATED}:
            steps.append(self._history(htx.SPOT_FILLS))
        if SPOT in wallets:
            steps += [self._records(one) for one in (htx.RECORDS, htx.WITHDRAWALS)]
            steps.append(alone(self.client, htx.SPOT_ORDERS))
        if USDTM in wallets:
            steps.append(alone(self.client, htx.LINEAR_ORDERS))
            steps += self._tiers()
        for wallet, kind in _BY_NUMBER.items():
            if wallet in wallets:
                steps += [self._numbered(transfers_of(wallet), one) for one in numbers.get(kind, ())]
        for wallet, (kind, _) in MARGINS.items():
            if wallet in wallets:
                past = (transfers_of(wallet), repayments_of(wallet))
                steps += [self._numbered(one, account) for account in numbers.get(kind, ()) for one in past]
        return steps

    def _tiers(self) -> list[Step]:
        """Leverage tiers of the perpetuals that are held, each once a day; futures are not told by name."""

        def ask(code: str) -> Awaitable[Payload]:
            return self.client.get(htx.LINEAR_TIERS, {"contract_code": code})

        held = [code for code in held_codes(self.harvest.facts, CONTRACTS, USDTM) if code.count("-") == 1]
        return each_daily(htx.LINEAR_TIERS.name, held, ask, self.cursors, self.client.api.now())

    async def contracts(self, family: Contracts, accounts: Pages | None) -> None:
        """The records of each unit tell what was traded; fills are asked for that.

        The records' cursor stays where fills of a trade that they tell are not read: so they tell it again.
        Fills that are behind the records are waited for, at most for a day.
        """
        units = [""] if not family.unit else self._units(family, accounts)
        asked = [self._unit(family.records, family.asked_by, one) for one in units]
        answers = await self.harvest.run((name, whole(parts)) for name, parts in asked)
        for (name, _), pages in zip(asked, answers, strict=True):
            if pages is None:
                continue
            lines = [row for payload in pages.payloads for row in rows(payload)]
            if family is LINEAR:
                self._tell_forgotten(lines)
            traded = self._traded(family, lines)
            fills = await self.harvest.run(self._fills(family, code, at) for code, at in traded.items())
            behind = (self._is_behind(family, code, at) for code, at in traded.items())
            if None in fills or any(behind):
                self.harvest.cursors.pop(name, None)

    def _traded(self, family: Contracts, lines: Sequence[Node]) -> Mapping[str, datetime | None]:
        """What the records say was traded, and when an order of ours last was, as far back as fills are told.

        By contract, or by coin where the venue wants that.
        """
        oldest, named_by = self.client.api.now() - family.fills.remembered, family.unit or "contract_code"
        found: dict[str, datetime | None] = {}
        for row in lines:
            code, at = row.text_or(named_by), family.records.row(row).at
            if is_of_trade(row) and at > oldest:
                last = found.setdefault(code, None)
                found[code] = max(last or at, at) if is_of_order(row) else last
        return dict(sorted(found.items()))

    def _fills(self, family: Contracts, code: str, at: datetime | None) -> Step:
        name, parts = self._unit(family.fills, family.asked_by or "contract_code", code)
        return name, parts if at is None else _some(name, parts)

    def _is_behind(self, family: Contracts, code: str, at: datetime | None) -> bool:
        """Whether the fill of an order is not read, or did not come yet."""
        fills = self.harvest.cursors.get(f"{family.fills.name}?{code}")
        if at is None or fills is None:
            return at is not None
        return at > self.client.api.now() - _LATE and fills.at + _BOOKED_WITHIN < at

    def _tell_forgotten(self, lines: Sequence[Node]) -> None:
        """Tell which trades the venue does not give any more; their cash is read all the same."""
        oldest = self.client.api.now() - LINEAR.fills.remembered
        records = self.cursors.get(LINEAR.records.name)
        forgotten: set[str] = set()
        for row in filter(is_of_trade, lines):
            code, line = row.text("contract_code"), LINEAR.records.row(row)
            fills = self.cursors.get(f"{LINEAR.fills.name}?{code}")
            was_read = fills is not None and line.at <= fills.at + _BOOKED_WITHIN
            if line.at <= oldest and not was_read and (records is None or line.id != records.id):
                forgotten.add(code)
        for code in sorted(forgotten):
            self.harvest.problems.append(
                Problem(
                    where=VENUE,
                    message=f"HTX tells trades of {code} for three days only; older ones, before "
                    f"{oldest:%Y-%m-%d}, were not read. Their profit and fees were.",
                    mend="Sync at least every two days; import the missing trades as files.",
                    subject=f"{self.harvest.subject} {code}",
                )
            )

    def _units(self, family: Contracts, accounts: Pages | None) -> list[str]:
        """Accounts that hold something or were read before; at the first sync, all of known markets."""
        prefix = f"{family.records.name}?"
        before = {name.removeprefix(prefix) for name in self.cursors if name.startswith(prefix)}
        known = {
            one.code for one in self.harvest.context.instruments.instruments.values() if one.venue == VENUE
        }
        found = set(before)
        for row in (row for payload in accounts.payloads for row in rows(payload)) if accounts else ():
            unit = row.text(family.unit)
            of_known = unit in known or any(code.startswith(unit) for code in known)
            if row.decimal_or("margin_balance", ZERO) or (not before and of_known):
                found.add(unit)
        return sorted(found)

    def _unit(self, endpoint: History, asked_by: str, unit: str) -> tuple[str, Parts]:
        name = f"{endpoint.name}?{unit}" if unit else endpoint.name
        params = {asked_by: unit} if unit else None
        return name, self.client.history(endpoint, self.cursors.get(name), self.since, params)

    def _history(self, endpoint: History) -> Step:
        return self._unit(endpoint, "", "")

    def _numbered(self, endpoint: History, account: str) -> Step:
        return self._unit(endpoint, "accountId", account)

    def _records(self, endpoint: Endpoint) -> Step:
        return endpoint.name, self.client.records(endpoint, self.cursors, self.since)


async def _some(name: str, parts: Parts) -> Parts:
    """Fills of a trade that a record tells: there are some, so that an empty answer is not believed."""
    found = False
    async for pages in parts:
        found = found or pages.cursor is not None
        yield pages
    if not found:
        raise IncompletePagesError(
            f"htx {name}: the records tell a trade, but no fill of it came; it is asked for again."
        )


def _tell_limits(harvest: Harvest, errand: Errand, now: datetime) -> None:
    """Tell at the first sync what of the past the venue does not give any more."""
    if errand.cursors:
        return
    wallets = set(errand.account.wallets)
    told = (
        ("fills of pairs", htx.SPOT_FILLS.remembered, wallets & {SPOT, CROSS, ISOLATED}),
        ("transfers", transfers_of(SPOT).remembered, wallets & {SPOT, OTC, CROSS, ISOLATED}),
        ("interest", repayments_of(CROSS).remembered, wallets & {CROSS, ISOLATED}),
        ("records of contracts", LINEAR.records.remembered, wallets & {one.wallet for one in FAMILIES}),
    )
    short = [f"{what} of {age.days} days" for what, age, asked in told if asked and errand.since < now - age]
    if short:
        harvest.problems.append(
            Problem(
                where=VENUE,
                message=f"HTX tells {', '.join(short)} only; what lies before was not read.",
                mend="Import the older statements of the account as files.",
                subject=harvest.subject,
            )
        )


CONNECTOR = HtxConnector()
