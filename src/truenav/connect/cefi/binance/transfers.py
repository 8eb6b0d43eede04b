"""Transfers between Binance's wallets, and between a master and its sub-accounts.

The futures and options wallets tell their side in ledgers of their own; here is that of all others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance import history
from truenav.connect.cefi.binance.client import TRANSFERS, BinanceClient
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.cefi.binance.windows import WEEK, History, read_history
from truenav.connect.contract import Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, KeyForbiddenError, KeyRevokedError, VenueError
from truenav.connect.gathering import Pages, Row, Step, whole
from truenav.connect.reading import Reading
from truenav.core.facts import Transfer, TransferKind
from truenav.core.money import Amount

CODES: Mapping[str, str] = {
    "MAIN": "spot",
    "UMFUTURE": "usdm",
    "CMFUTURE": "coinm",
    "MARGIN": "margin",
    "FUNDING": "funding",
    "OPTION": "options",
    "PORTFOLIO_MARGIN": "portfolio",
}
"""Wallets as the venue's kinds of transfer name them."""
LINKS = (
    ("MAIN", "UMFUTURE"),
    ("MAIN", "CMFUTURE"),
    ("MAIN", "MARGIN"),
    ("MARGIN", "UMFUTURE"),
    ("MARGIN", "CMFUTURE"),
    ("MAIN", "FUNDING"),
    ("FUNDING", "UMFUTURE"),
    ("FUNDING", "CMFUTURE"),
    ("FUNDING", "MARGIN"),
    ("MAIN", "OPTION"),
    ("FUNDING", "OPTION"),
    ("MARGIN", "OPTION"),
    ("MAIN", "PORTFOLIO_MARGIN"),
)
"""Between which wallets money moves, in both directions."""
TOLD_HERE = frozenset({"spot", "margin", "funding", "portfolio"})
"""Wallets without a ledger of their own."""
_KINDS = {
    f"{source}_{target}": (CODES[source], CODES[target])
    for link in LINKS
    for source, target in (link, link[::-1])
}

SUB_ACCOUNTS = Endpoint("sub.list/1", "/sapi/v1/sub-account/list", "wallet", host="spot")
AS_SUB = Endpoint("sub.transfers/1", "/sapi/v1/sub-account/transfer/subUserHistory", "wallet", host="spot")
AS_MASTER = Endpoint("sub.universal/1", "/sapi/v1/sub-account/universalTransfer", "wallet", host="spot")
SUBS = "local:subaccounts"
"""Name of the note on a master's transfers: the addresses of its sub-accounts; another one is its own."""
_SUB_WALLETS = {"SPOT": "spot", "MARGIN": "margin", "ISOLATED_MARGIN": "isolated"}
_IN, _OUT = "1", "2"
_PAGE = 200


def past(asker: Asker, wallets: Collection[str]) -> list[Step]:
    """Transfers between the account's wallets; USD-M futures even where it does not list them."""
    known = {"spot", "usdm", *wallets}
    return [
        _kind(asker, f"{source}_{target}")
        for link in LINKS
        if {CODES[one] for one in link} <= known and TOLD_HERE & {CODES[one] for one in link} & set(wallets)
        for source, target in (link, link[::-1])
    ]


def _kind(asker: Asker, kind: str) -> Step:
    key = f"{TRANSFERS.name}?{kind}"
    return key, history.transfers(asker.client, kind, asker.cursors.get(key), asker.since)


def transfers(reading: Reading, document: Node) -> None:
    """The sides of a transfer that no ledger tells."""
    rows = document.maybe("rows")
    for row in rows.items() if rows is not None else ():
        if row.text("status") != "CONFIRMED":
            continue
        at, kind = row.instant("timestamp"), row.text("type")
        if kind not in _KINDS:
            raise row.wrong(f"field 'type' is {kind[:40]!r}, which is not between wallets that are read")
        source, target = _KINDS[kind]
        amount = Amount(row.decimal("amount"), reading.asset(row.text("asset"), at))
        for wallet, other, moved in ((source, target, -amount), (target, source, amount)):
            if wallet in TOLD_HERE:
                _state(reading, f"transfer:{row.text('tranId')}", at, wallet, moved, other)


def _state(reading: Reading, name: str, at: datetime, wallet: str, amount: Amount, other: str) -> None:
    name = name if wallet == "spot" else f"{name}:{wallet}"
    reading.state(name, at, Transfer(wallet, amount, TransferKind.INTERNAL, counterpart=other))


# -- between a master and its sub-accounts ----------------------------------------------------------


def between_accounts(asker: Asker) -> list[Step]:
    """A sub-account asks for what reached and left it; a master, who may list them, for theirs."""
    key = "sub.accounts"
    return [(key, _between(asker.client, asker.cursors.get(key), asker.since))]


async def _between(client: BinanceClient, cursor: Cursor | None, since: datetime) -> Pages:
    try:
        lists, subs = await _subs(client)
    except VenueError as error:
        _require_refusal(error)
        return await _own(client, cursor, since)
    if not subs:
        return Pages(lists)
    asked = [(AS_MASTER, {}), *((AS_MASTER, {"fromEmail": one}) for one in subs)]
    pages = await _all(client, asked, cursor, since)
    noted = [await client.api.note(one, SUBS, ",".join(subs)) for one in pages.payloads]
    return Pages((*lists, *noted), pages.cursor)


async def _own(client: BinanceClient, cursor: Cursor | None, since: datetime) -> Pages:
    """A sub-account's own transfers; nothing where the key is neither a master's nor a sub-account's."""
    asked = [(AS_SUB, {"type": one}) for one in (_IN, _OUT)]
    try:
        return await _all(client, asked, cursor, since)
    except VenueError as error:
        _require_refusal(error)
        return Pages(())


def _require_refusal(error: VenueError) -> None:
    """Raise what is no refusal of this one question: an overload, a limit, an answer that nobody can read."""
    if type(error) not in (VenueError, KeyForbiddenError, KeyRevokedError):
        raise error


async def _subs(client: BinanceClient) -> tuple[tuple[Payload, ...], list[str]]:
    """The lists of the key's sub-accounts, and their addresses; refused to a sub-account's own key."""
    lists: list[Payload] = []
    found: set[str] = set()
    number = 1
    while True:
        payload = await client.get(SUB_ACCOUNTS, {"page": str(number), "limit": str(_PAGE)})
        lists.append(payload)
        page = [row.text("email") for row in read_json(payload.body).field("subAccounts").items()]
        if len(page) >= _PAGE and found.issuperset(page):
            raise IncompletePagesError(f"binance {SUB_ACCOUNTS.name}: the same page came twice.")
        found.update(page)
        number += 1
        if len(page) < _PAGE:
            return tuple(lists), sorted(found)


async def _all(
    client: BinanceClient,
    asked: list[tuple[Endpoint, dict[str, str]]],
    cursor: Cursor | None,
    since: datetime,
) -> Pages:
    """Several lists, read from one instant on: the earliest that one of them has to be read from again."""
    begin = None if cursor is None else Cursor("", cursor.at)
    pages = [
        await whole(read_history(client, _history(endpoint, params), begin, since))
        for endpoint, params in asked
    ]
    ends = [one.cursor for one in pages if one.cursor is not None]
    earliest = min(ends, key=lambda one: one.at, default=None)  # none where all begins in the future
    moved = None if earliest is None else Cursor("", earliest.at)
    return Pages(tuple(payload for one in pages for payload in one.payloads), moved)


def _history(endpoint: Endpoint, params: dict[str, str]) -> History:
    if endpoint is AS_SUB:
        return History(
            AS_SUB, _sub_row, "", page=500, size="limit", turn="", pending=_under_way, params=params
        )
    return History(
        AS_MASTER,
        _master_row,
        "result",
        span=WEEK,
        page=500,
        size="limit",
        turn="page",
        count="totalCount",
        pending=_under_way,
        params=params,
    )


def _under_way(row: Node) -> bool:
    return row.text_or("status") in ("PROCESS", "INIT")


def _sub_row(node: Node) -> Row:
    return Row(node.instant("time"), f"{node.text('tranId')}:{node.text('type')}")


def _master_row(node: Node) -> Row:
    return Row(node.instant("createTimeStamp"), node.text("tranId"))


def as_sub(reading: Reading, document: Node) -> None:
    """What reached (type 1) or left (type 2) the wallets of a sub-account."""
    for row in document.items():
        kind = row.text("type")
        if kind not in (_IN, _OUT):
            raise row.wrong(f"field 'type' is {kind[:20]!r}, neither 1 nor 2")
        wallet = _SUB_WALLETS.get(row.text_or("toAccountType" if kind == _IN else "fromAccountType", "SPOT"))
        if wallet is None or row.text_or("status", "SUCCESS") != "SUCCESS":
            continue
        at = row.instant("time")
        amount = Amount(row.decimal("qty"), reading.asset(row.text("asset"), at))
        moved = amount if kind == _IN else -amount
        other = f"{row.text_or('counterParty')}:{row.text_or('email')}"
        _state(reading, f"sub-transfer:{row.text('tranId')}:{kind}", at, wallet, moved, other)


def as_master(reading: Reading, document: Node) -> None:
    """The same for a master; whose addresses are sub-accounts' is noted in the evidence."""
    note = next((value for name, value in reading.evidence.request.params if name == SUBS), None)
    for row in document.field("result").items():
        if note is None:
            raise row.wrong("it is not noted which addresses are sub-accounts'")
        if row.text("status") != "SUCCESS":
            continue
        subs, at = note.split(","), row.instant("createTimeStamp")
        amount = Amount(row.decimal("amount"), reading.asset(row.text("asset"), at))
        giver, taker = row.text("fromEmail"), row.text("toEmail")
        number = f"sub-transfer:{row.text('tranId')}"
        for owner, other, side, moved in (
            (giver, taker, "from", -amount),
            (taker, giver, "to", amount),
        ):
            wallet = _SUB_WALLETS.get(row.text(f"{side}AccountType"))
            if owner not in subs and wallet is not None:
                _state(reading, f"{number}:{side}", at, wallet, moved, other)
