"""The journal's own writers make the bytes of the canonical form, for objects and for columns."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truenav.core.canonical import canonical_json, encode
from truenav.core.facts import (
    BalanceSnapshot,
    Body,
    CashFlow,
    Dealing,
    Fact,
    FeePayment,
    NavRecord,
    Quote,
    QuoteKind,
    Trade,
    Transfer,
)
from truenav.core.ids import Sha256
from truenav.core.trades import MICROSECOND, MILLISECOND, Instants, Trades
from truenav.store.columns import BadColumnsError, columns_frame
from truenav.store.frames import facts_frame
from truenav.store.statements import read_statement

FLAT = (CashFlow, Quote, Transfer, NavRecord, Dealing, FeePayment)
EVIDENCE = Sha256("ab" * 32)
T0 = datetime(2024, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
numbers = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**30), max_value=10**30),
    st.integers(-(2**256), 2**256).map(Decimal),
    st.sampled_from([Decimal(text) for text in ("0", "-0", "1E+5", "1E-38", "100", "0.10", "-7.500")]),
)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)


def values_of(hint):
    if hint is str or getattr(hint, "__supertype__", None) is str:
        return texts
    if hint is Decimal:
        return numbers
    if hint is datetime:
        return instants
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if dataclasses.is_dataclass(hint):
        return objects_of(hint)
    if typing.get_origin(hint) is tuple:
        return st.lists(values_of(typing.get_args(hint)[0]), max_size=3).map(tuple)
    assert typing.get_origin(hint) in (typing.Union, types.UnionType), hint
    return st.one_of(
        st.none() if option is type(None) else values_of(option) for option in typing.get_args(hint)
    )


def objects_of(cls):
    return st.builds(
        cls,
        **{
            name: values_of(hint)
            for name, hint in typing.get_type_hints(cls).items()
            if hint != typing.ClassVar[str]
        },
    )


def facts_about(bodies):
    return st.builds(
        Fact,
        source=texts,
        account=texts,
        external_id=texts,
        occurred_at=instants,
        body=bodies,
        evidence=hashes,
        supersedes=st.none() | hashes,
    )


any_fact = facts_about(st.one_of(objects_of(body) for body in typing.get_args(Body)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_fact)
def test_a_statement_is_the_canonical_json_of_the_fact_without_its_evidence(fact):
    content = {key: value for key, value in encode(fact).items() if key != "evidence"}
    assert fact.statement.encode() == canonical_json(content)
    frame = facts_frame([fact])
    assert frame["content_hash"][0] == fact.content_hash
    assert frame["key_hash"][0] == fact.key_hash


def test_a_statement_is_read_back_as_the_fact():
    fact = Fact("s", "a", 'x"\\\n数', T0, Quote("btc", "usd", QuoteKind.LAST, Decimal("1.50")), EVIDENCE)
    back = read_statement(fact.statement, bytes.fromhex(fact.content_hash), bytes.fromhex(EVIDENCE))
    assert back == fact


def as_columns(facts):
    """Facts of one flat kind as the columns that `columns_frame` reads."""

    def row(fact):
        values = {name: getattr(fact, name) for name in ("source", "account", "external_id", "occurred_at")}
        values |= {"evidence": fact.evidence, "supersedes": fact.supersedes}
        for field in dataclasses.fields(fact.body):
            value = getattr(fact.body, field.name)
            if field.type.startswith("Amount"):
                values[field.name] = None if value is None else format(value.number, "f")
                values[f"{field.name}_asset"] = None if value is None else value.asset
            elif isinstance(value, Decimal):
                values[field.name] = format(value, "f")
            else:
                values[field.name] = value.value if isinstance(value, Enum) else value
        return values

    rows = [row(fact) for fact in facts]
    schema = {name: pl.Datetime("us", "UTC") if name == "occurred_at" else pl.String for name in rows[0]}
    return pl.DataFrame(rows, schema=schema)


def in_columns(facts):
    """Trades of one source and payload, whose fees are one at most, as columns."""
    bodies = [fact.body for fact in facts]
    parts = {name: [getattr(one, name) for one in bodies] for name in ("cost", "realised")}
    parts["fee"] = [one.fees[0] if one.fees else None for one in bodies]
    amounts = {name: [one and one.number for one in found] for name, found in parts.items()}
    assets = {f"{name}_asset": [one and one.asset for one in found] for name, found in parts.items()}
    of_fact = {
        name: [getattr(one, name) for one in facts] for name in ("account", "external_id", "occurred_at")
    }
    names = ("wallet", "instrument", "quantity", "price", "order_id", "tag")
    of_body = {name: [getattr(one, name) for one in bodies] for name in names}
    return Trades("okx", EVIDENCE, **of_fact, **of_body, **amounts, **assets)


def plain(fact):
    """A trade as columns hold it."""
    body = replace(fact.body, fees=fact.body.fees[:1])
    return replace(fact, source="okx", evidence=EVIDENCE, supersedes=None, body=body)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(facts_about(objects_of(Trade)).map(plain), min_size=1, max_size=5))
def test_trades_in_columns_are_the_same_facts_and_make_the_same_frame(facts):
    trades = in_columns(facts)
    assert trades == facts
    assert facts_frame(trades).equals(facts_frame(facts))
    for step in (MICROSECOND, MILLISECOND):
        instants = Instants([(at - EPOCH) // step for at in trades.occurred_at], step)
        given = replace(trades, occurred_at=instants)
        assert facts_frame(given).equals(facts_frame(replace(given, occurred_at=list(instants))))


@pytest.mark.parametrize("body", FLAT)
def test_columns_give_the_same_frame_as_objects(body):
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(facts_about(objects_of(body)), min_size=1, max_size=5))
    def check(facts):
        assert columns_frame(body, as_columns(facts)).equals(facts_frame(facts))

    check()


def quotes(**columns):
    common = {
        "source": ["s"],
        "account": [""],
        "external_id": ["1"],
        "occurred_at": [T0],
        "evidence": [EVIDENCE],
        "base": ["btc"],
        "quote": ["usd"],
        "kind": ["last"],
        "price": ["1"],
    }
    frame = pl.DataFrame({**common, **columns}, schema_overrides={"occurred_at": pl.Datetime("us", "UTC")})
    return frame.drop([name for name, values in columns.items() if values is ...])


def test_decimal_columns_and_absent_optional_columns_are_taken():
    frame = columns_frame(Quote, quotes(price=pl.Series([Decimal("1.500")], dtype=pl.Decimal(38, 18))))
    fact = Fact("s", "", "1", T0, Quote("btc", "usd", QuoteKind.LAST, Decimal("1.5")), EVIDENCE)
    assert frame["content_hash"][0] == fact.content_hash


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"price": ["NaN"]}, "price"),
        ({"price": ["1e5"]}, "price"),
        ({"price": ["9" * 79]}, "price"),
        ({"price": [1.5]}, "price"),
        ({"price": pl.Series([None], dtype=pl.String)}, "price"),
        ({"kind": ["close"]}, "kind"),
        ({"base": pl.Series([None], dtype=pl.String)}, "base"),
        ({"source": pl.Series([None], dtype=pl.String)}, "source"),
        ({"occurred_at": [T0.replace(tzinfo=None) + timedelta(hours=1)]}, "occurred_at"),
    ],
)
def test_columns_that_do_not_fit_are_refused_by_name(columns, named):
    frame = quotes()
    for name, values in columns.items():
        frame = frame.with_columns(pl.Series(name, values))
    with pytest.raises(BadColumnsError, match=named):
        columns_frame(Quote, frame)


def test_a_missing_column_and_a_kind_that_is_not_flat_are_refused():
    with pytest.raises(BadColumnsError, match="'price' is missing"):
        columns_frame(Quote, quotes().drop("price"))
    frame = quotes().with_columns(pl.lit("1").alias("wallet"), pl.lit("1").alias("lines"))
    with pytest.raises(BadColumnsError, match="not flat"):
        columns_frame(BalanceSnapshot, frame)
