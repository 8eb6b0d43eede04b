"""The NAV of the demo fund recomputed in fractions from the simulator's own statements.

Told from docs/methods alone: sub-books from fills, values at marks, holdings bottom-up, fees, classes,
numeraires, coverage. Every figure is an exact fraction, rounded once, half-even, at output.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.pricing import Price, Prices
from tests.oracle.published import Contract, Rows

from truenav.core.asset import BUILTIN_ASSETS

ZERO = Fraction(0)
GRADES = ("api", "imported", "manual", "stale", "missing")
SYMBOLS: Mapping[str, str] = {asset.id: asset.symbol for asset in BUILTIN_ASSETS}
STALE_AFTER, UNUSABLE_AFTER = timedelta(minutes=15), timedelta(days=1)
SECONDS_A_YEAR = 86_400 * 365
PLACES = 18
Place = tuple[str, str, str, str, str, str]
"""Node, account, wallet, kind, subject, tag."""


def rounded(number: Fraction) -> Decimal:
    """Half-even to 18 decimals, exact whatever the decimal context."""
    return Decimal(f"{round(number * 10**PLACES)}E-{PLACES}")


@dataclass(frozen=True)
class Reading:
    """The statement of an account at an instant, as the product last learned it."""

    at: datetime
    statement: Mapping[str, Rows]
    imported: bool = False


@dataclass(frozen=True)
class Line:
    """What one node owns of one thing; ``usd`` None: unpriced."""

    fund: str
    node: str
    account: str
    wallet: str
    kind: str
    subject: str
    tag: str
    quantity: Fraction
    usd: Fraction | None
    grade: str

    @property
    def key(self) -> Place:
        return (self.node, self.account, self.wallet, self.kind, self.subject, self.tag)


@dataclass(frozen=True)
class Class:
    """One share class, unrounded, in US dollars."""

    units: Fraction
    nav: Fraction
    owed: Fraction
    currency: str

    @property
    def per_unit(self) -> Fraction:
        return self.nav / self.units


@dataclass(frozen=True)
class Fund:
    """One fund at one instant; shares of coverage by grade."""

    at: datetime
    lines: tuple[Line, ...]
    gross: Fraction
    classes: Mapping[str, Class]
    weights: Mapping[str, Fraction]

    @property
    def nav(self) -> Fraction:
        return sum((one.nav for one in self.classes.values()), ZERO)

    @property
    def shares(self) -> dict[str, Fraction]:
        total = sum(self.weights.values(), ZERO)
        return {grade: self.weights[grade] / total for grade in GRADES}


@dataclass(frozen=True)
class Manual:
    """A manual item: who, how much of what, from when."""

    node: str
    kind: str
    asset: str
    amount: Fraction
    at: datetime


@dataclass(frozen=True)
class Dealing:
    """Units of a class bought (+) or redeemed (-) for an amount of money."""

    share_class: str
    investor: str
    units: Fraction
    amount: Fraction
    currency: str
    at: datetime


@dataclass
class Oracle:
    """Strikes NAVs of one plan; ``last`` holds each fund's previous NAV."""

    plan: Mapping[str, Any]
    inception: datetime
    contracts: Mapping[str, Contract]
    index_base: Mapping[str, Fraction]
    manual: list[Manual]
    dealings: list[Dealing]
    last: dict[str, Fund]

    @classmethod
    def of(
        cls,
        plan: Mapping[str, Any],
        inception: datetime,
        contracts: Mapping[str, Contract],
        index_base: Mapping[str, Fraction],
    ) -> Oracle:
        manual = [
            Manual(
                one["node"],
                one["kind"],
                one["asset"],
                Fraction(one["amount"]),
                inception + _span(one["after"]),
            )
            for one in plan["manual_items"]
        ]
        dealings = [_dealing(one, inception) for one in plan["dealings"]]
        return cls(plan, inception, contracts, index_base, manual, dealings, {})

    def strike(self, prices: Prices, readings: Mapping[str, Reading]) -> dict[str, Fund]:
        """All funds of the plan, each fund before the one that holds its units."""
        own, gone = self._own_lines(prices, readings)
        funds: dict[str, Fund] = {}
        for fund in (*(one for one in self._funds if one != self.plan["fund"]), self.plan["fund"]):
            held = self._holdings(fund, prices.at, funds)
            lines = (*(one for one in own if one.fund == fund), *(line for line, _ in held))
            gross = sum((line.usd or ZERO for line in lines), ZERO)
            weights = self._weights(fund, lines, gone)
            for line, below in held:
                share = (line.usd or ZERO) / below.nav
                weights = {grade: weights[grade] + share * below.weights[grade] for grade in GRADES}
            funds[fund] = Fund(prices.at, lines, gross, self._classes(fund, gross, prices), weights)
        return funds

    def keep(self, funds: Mapping[str, Fund]) -> None:
        """Remember what was published: rounded figures, as the product's next NAV starts from."""
        self.last = {name: _as_published(fund) for name, fund in funds.items()}

    def numeraires(self, prices: Prices) -> dict[str, Fraction | None]:
        """US dollars for one of each numeraire, the plan's own index included."""
        found = {symbol: prices.usd(symbol) for symbol in SYMBOLS.values()}
        known = {symbol: None if price is None else price.number for symbol, price in found.items()}
        index = self.plan["index"]
        level: Fraction | None = ZERO
        for one in index["components"]:
            price, base = known[one["symbol"]], self.index_base[one["symbol"]]
            done = level is None or price is None
            level = None if done else level + Fraction(one["weight"]) * price / base  # type: ignore[operator]
        return known | {index["code"]: None if level is None else Fraction(index["base_value"]) * level}

    # -- what is owned

    @property
    def _funds(self) -> list[str]:
        return [one["id"] for one in self.plan["nodes"] if one["kind"].startswith("fund")]

    def _fund_of(self, node: str) -> str:
        parents = {one["id"]: one.get("parent") for one in self.plan["nodes"]}
        while node not in self._funds:
            node = parents[node]
        return node

    def _own_lines(
        self, prices: Prices, readings: Mapping[str, Reading]
    ) -> tuple[list[Line], set[tuple[str, str]]]:
        """All lines but holdings, and the accounts' wallets that cannot be read."""
        found: list[Line] = []
        gone: set[tuple[str, str]] = set()
        for account in self.plan["accounts"]:
            reading = readings.get(account["id"])
            if reading is None or prices.at - reading.at > UNUSABLE_AFTER:
                gone |= {(account["id"], wallet) for wallet in account["wallets"]}
            else:
                found += self._account(account, reading, prices)
        for item in self.manual:
            if item.at <= prices.at:
                place = (item.node, "", item.kind, "manual", item.asset, "")
                found.append(self._balance(place, item.amount, prices.usd(item.asset), "manual"))
        return found, gone

    def _account(self, account: Mapping[str, Any], reading: Reading, prices: Prices) -> Iterator[Line]:
        name, venue = account["id"], account["venue"]
        grade = "imported" if reading.imported else "api"
        if prices.at - reading.at > STALE_AFTER:
            grade = "stale"
        tags = self._tags(reading, venue)
        for row in reading.statement["balances"]:
            asset, wallet = row["asset"], row["wallet"]
            price = prices.usd(asset, venue)
            for node, tag, part in self._split(
                name, asset, Fraction(row["amount"]), tags[wallet, asset], is_position=False
            ):
                yield self._balance((node, name, wallet, "balance", asset, tag), part, price, grade)
        for row in reading.statement["positions"]:
            contract, wallet = self.contracts[row["instrument"]], row["wallet"]
            for node, tag, part in self._split(
                name,
                contract.name,
                Fraction(row["quantity"]),
                tags[wallet, contract.name],
                is_position=True,
            ):
                place = (node, name, wallet, "position", contract.name, tag)
                yield self._position(place, part, Fraction(row["entry_price"]), contract, prices, grade)

    def _balance(self, place: Place, quantity: Fraction, price: Price | None, grade: str) -> Line:
        line = Line(self._fund_of(place[0]), *place, quantity, None, "missing")
        if price is None:
            return line
        return replace(line, usd=quantity * price.number, grade=grade if price.fresh else "stale")

    def _position(
        self,
        place: Place,
        quantity: Fraction,
        entry: Fraction,
        contract: Contract,
        prices: Prices,
        grade: str,
    ) -> Line:
        line = Line(self._fund_of(place[0]), *place, quantity, None, "missing")
        mark, coin = prices.mark(contract), prices.usd(contract.settle, contract.venue)
        if mark is None or coin is None:
            return line
        if contract.kind == "option":
            a_unit = mark.number
        elif contract.inverse:
            a_unit = 1 / entry - 1 / mark.number
        else:
            a_unit = mark.number - entry
        value = quantity * contract.multiplier * a_unit * coin.number
        return replace(line, usd=value, grade=grade if mark.fresh and coin.fresh else "stale")

    def _tags(self, reading: Reading, venue: str) -> defaultdict[tuple[str, str], defaultdict[str, Fraction]]:
        """What the fills of each tag built up: contracts still running, and all legs of spot fills."""
        found: defaultdict[tuple[str, str], defaultdict[str, Fraction]]
        found = defaultdict(lambda: defaultdict(lambda: ZERO))
        for row in reading.statement["trades"]:
            tag = row["tag"][:-6].rstrip("-")
            sign = 1 if row["side"] == "buy" else -1
            quantity, price = Fraction(row["quantity"]), Fraction(row["price"])
            contract = self._market(venue, row["instrument"])
            wallet = "trading" if venue == "okx" else "spot" if contract.kind == "spot" else "usdm"
            if contract.kind != "spot":
                if contract.expires_at is None or contract.expires_at > reading.at:
                    found[wallet, contract.name][tag] += sign * quantity
                continue
            cost = quantity * price
            if venue == "binance":
                cost = Fraction(round(cost * 10**8), 10**8)
            found[wallet, contract.base][tag] += sign * quantity
            found[wallet, contract.quote][tag] -= sign * cost
            found[wallet, row["fee_asset"]][tag] -= Fraction(row["fee"])
        return found

    def _market(self, venue: str, code: str) -> Contract:
        """The market that a statement's trade names: a contract by its whole name, a pair by its coins."""
        if ":" in code:
            return self.contracts[code]
        return self.contracts[f"{venue}:{code if venue == 'okx' else code.replace('-', '')}"]

    def _split(
        self, account: str, subject: str, whole: Fraction, tags: Mapping[str, Fraction], *, is_position: bool
    ) -> Iterator[tuple[str, str, Fraction]]:
        """Node, tag and quantity: each rule takes from what those before it left."""
        left = whole
        rules = [one for one in self.plan["rules"] if one["account"] == account]
        for rule in sorted(rules, key=lambda one: int(one["rank"])):
            match rule["selector"]:
                case {"is": "tag", "tag": tag}:
                    taken, owner = tags.get(tag, ZERO), tag
                case {"is": "asset", "assets": assets}:
                    mine = not is_position and subject in {SYMBOLS[one] for one in assets}
                    taken, owner = left if mine else ZERO, ""
                case {"is": "share", "share": share}:
                    taken, owner = left * Fraction(share), ""
                case other:
                    raise AssertionError(f"no rule is told of {other}")
            left -= taken
            if taken:
                yield rule["node"], owner, taken
        assert left == 0, f"{left} of {subject} in {account} belongs to nobody"

    # -- funds

    def _holdings(self, fund: str, at: datetime, below: Mapping[str, Fund]) -> list[tuple[Line, Fund]]:
        """Units of other funds that the nodes of a fund hold, at those funds' NAV per unit."""
        units: defaultdict[tuple[str, str], Fraction] = defaultdict(lambda: ZERO)
        for one in self.dealings:
            if one.at <= at and one.investor.startswith("node:"):
                units[one.investor.removeprefix("node:"), one.share_class] += one.units
        found = []
        for (node, share_class), number in units.items():
            home = self._terms(share_class)["fund"]
            if self._fund_of(node) == fund and number:
                value = number * below[home].classes[share_class].per_unit
                line = Line(fund, node, home, "", "holding", share_class, "", number, value, "")
                found.append((line, below[home]))
        return found

    def _terms(self, share_class: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = next(one for one in self.plan["share_classes"] if one["id"] == share_class)
        return found

    def _classes(self, fund: str, gross: Fraction, prices: Prices) -> dict[str, Class]:
        """Opening capital and dealings, the profit by capital, the fee by time."""
        last = self.last.get(fund)
        capital: dict[str, Fraction] = {}
        drafts: dict[str, Class] = {}
        for terms in self.plan["share_classes"]:
            if terms["fund"] != fund:
                continue
            name, currency = terms["id"], SYMBOLS[terms["currency"]]
            old = last.classes[name] if last else Class(ZERO, ZERO, ZERO, currency)
            units, money, fee = old.units, old.nav + old.owed, ZERO
            if last:
                fee += old.nav * _years(last.at, prices.at)
            for one in self.dealings:
                if one.share_class == name and one.at <= prices.at and (not last or one.at > last.at):
                    price = prices.usd(one.currency)
                    assert price is not None
                    units += one.units
                    money += one.amount * price.number
                    fee += one.amount * price.number * _years(one.at, prices.at)
            capital[name] = money
            owed = old.owed + fee * Fraction(terms["management_fee_rate"])
            drafts[name] = Class(units, ZERO, owed, currency)
        total = sum(capital.values(), ZERO)
        return {
            name: replace(one, nav=capital[name] * gross / total - one.owed) for name, one in drafts.items()
        }

    def _weights(self, fund: str, lines: Iterable[Line], gone: set[tuple[str, str]]) -> dict[str, Fraction]:
        """Absolute value by grade; the unpriced and unread at their last known value."""
        last: defaultdict[Place, Fraction] = defaultdict(lambda: ZERO)
        for line in self.last[fund].lines if fund in self.last else ():
            last[line.key] += abs(line.usd or ZERO)
        weights = dict.fromkeys(GRADES, ZERO)
        for line in lines:
            if line.kind != "holding":
                weights[line.grade] += abs(last[line.key] if line.usd is None else line.usd)
        for key, value in last.items():
            if key[3] in ("balance", "position") and (key[1], key[2]) in gone:
                weights["missing"] += value
        return weights


def _as_published(fund: Fund) -> Fund:
    return replace(
        fund,
        lines=tuple(
            replace(one, usd=None if one.usd is None else Fraction(rounded(one.usd))) for one in fund.lines
        ),
        classes={
            name: replace(one, nav=Fraction(rounded(one.nav)), owed=Fraction(rounded(one.owed)))
            for name, one in fund.classes.items()
        },
    )


def _dealing(one: Mapping[str, Any], inception: datetime) -> Dealing:
    sign = 1 if one["kind"] == "subscription" else -1
    units, amount = sign * Fraction(one["units"]), sign * Fraction(one["amount"])
    at = inception + _span(one["after"])
    return Dealing(one["share_class"], one["investor"], units, amount, one["currency"], at)


def _span(text: str) -> timedelta:
    days, _, clock = text.partition("d")
    hours, minutes = clock.split(":")
    return timedelta(days=int(days), hours=int(hours), minutes=int(minutes))


def _years(start: datetime, end: datetime) -> Fraction:
    return Fraction((end - start) // timedelta(microseconds=1), 10**6 * SECONDS_A_YEAR)
