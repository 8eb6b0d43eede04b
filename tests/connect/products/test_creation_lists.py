"""Creation lists and disclosures go out and come in equal; what is wrong in a file is told with its place."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.baskets.samples import CONSTITUENTS, DAY, DAY_BEFORE, closes, holdings, product

from truenav.calc.etp.baskets.basket import cash_part, creation_list, daily_disclosure
from truenav.connect.products.creation_lists import (
    ListForm,
    read_creation_list,
    read_disclosure,
    write_creation_list,
    write_disclosure,
)
from truenav.connect.products.records import MAX_BYTES, ListFileError
from truenav.core.asset import BTC, ETH
from truenav.core.basket import CreationList, DailyDisclosure, ListLine, Substitution
from truenav.core.canonical import canonical_json
from truenav.core.money import AssetId

D = Decimal


def todays_list() -> CreationList:
    flags = (Substitution.ALLOWED, Substitution.REQUIRED, Substitution.AT_COST)
    mixed = tuple(
        replace(one, substitution=flag, creation_premium=D("0.1"), redemption_discount=D("0.05"))
        for one, flag in zip(CONSTITUENTS, flags, strict=True)
    )
    made = creation_list(
        product(constituents=mixed, daily_limit=50, max_cash_ratio=D("0.3")),
        DAY,
        holdings(),
        closes(),
        previous_cash=D("-12.34"),
        redemption=False,
    )
    assert isinstance(made, CreationList)
    return made


LISTED = todays_list()
TOLD = daily_disclosure(product(), DAY_BEFORE, holdings(), closes(), market_price=D("51.2"))
assert isinstance(TOLD, DailyDisclosure)


@pytest.mark.parametrize("form", ListForm)
def test_a_list_comes_in_as_it_went_out(form):
    assert read_creation_list(write_creation_list(LISTED, form)) == LISTED


@pytest.mark.parametrize("form", ListForm)
def test_a_list_without_what_may_be_absent_comes_in_as_it_went_out(form):
    bare = replace(LISTED, previous_cash=None, daily_limit=None, creation=False, redemption=True)
    assert read_creation_list(write_creation_list(bare, form)) == bare


money = st.decimals(min_value=D("0.000001"), max_value=10**9, places=9)
lines = st.builds(
    ListLine,
    asset=st.integers(0, 10**6).map(lambda n: AssetId(f"eip155:{n}/slip44:60")),
    quantity=st.decimals(min_value=0, max_value=10**9, places=18),
    price=money,
    substitution=st.sampled_from(Substitution),
    creation_premium=st.decimals(min_value=0, max_value=1, places=4),
    redemption_discount=st.decimals(min_value=0, max_value=1, places=4),
    cash_amount=st.decimals(min_value=0, max_value=10**9, places=2),
)


@given(
    lines=st.lists(lines, min_size=1, max_size=8, unique_by=lambda line: line.asset),
    value=money,
    sides=st.tuples(st.booleans(), st.booleans()),
    limit=st.none() | st.integers(1, 10**6),
    previous=st.none() | st.decimals(min_value=-(10**9), max_value=10**9, places=4),
    form=st.sampled_from(ListForm),
)
def test_any_list_that_adds_up_comes_in_as_it_went_out(lines, value, sides, limit, previous, form):
    cash = cash_part(value, lines, {line.asset: line.price for line in lines})
    listed = replace(
        LISTED,
        lines=tuple(lines),
        unit_value=value,
        estimated_cash=cash,
        creation=sides[0],
        redemption=sides[1],
        daily_limit=limit,
        previous_cash=previous,
    )
    assert read_creation_list(write_creation_list(listed, form)) == listed


@pytest.mark.parametrize("form", [ListForm.JSON, ListForm.CSV])
def test_a_disclosure_comes_in_as_it_went_out(form):
    assert read_disclosure(write_disclosure(TOLD, form)) == TOLD
    silent = replace(TOLD, market_price=None, premium=None)
    assert read_disclosure(write_disclosure(silent, form)) == silent


def test_a_disclosure_has_no_xml():
    with pytest.raises(ListFileError, match="JSON or CSV"):
        write_disclosure(TOLD, ListForm.XML)


def test_the_json_is_canonical():
    assert write_creation_list(LISTED, ListForm.JSON) == canonical_json(LISTED)


def test_the_xml_speaks_as_the_exchange_does():
    root = ElementTree.fromstring(write_creation_list(LISTED, ListForm.XML))
    head = {one.tag: one.text for one in root if one.tag != "ComponentList"}
    assert head["FundInstrumentID"] == "trio"
    assert (head["TradingDay"], head["PreTradingDay"]) == ("20261124", "20261123")
    assert (head["CreationRedemptionUnit"], head["NAVperCU"], head["NAV"]) == (
        "10000",
        "509332.62",
        "50.9333",
    )
    assert (head["CreationRedemptionSwitch"], head["CreationLimit"]) == ("2", "500000")
    assert head["PreCashComponent"] == "-12.34"
    components = root.findall("ComponentList/Component")
    assert head["RecordNumber"] == str(len(components))
    assert [one.findtext("SubstitutionFlag") for one in components] == ["1", "2", "3"]
    assert D(components[1].findtext("SubstitutionCashAmount") or 0) == LISTED.lines[1].cash_amount


def test_columns_may_stand_in_any_order_and_a_spreadsheet_may_pad_rows():
    rows = write_creation_list(LISTED, ListForm.CSV).decode().splitlines()
    turned = [",".join([row.split(",")[0], *row.split(",")[:0:-1]]) for row in rows[:-1]]
    padded = "\ufeff" + "\n".join([*(row + ",,," for row in turned[:0]), *turned, rows[-1] + ",,,,"])
    assert read_creation_list(padded.encode()) == LISTED


# What is wrong, and where.


def csv_with(old: str, new: str) -> bytes:
    text = write_creation_list(LISTED, ListForm.CSV).decode()
    assert old in text
    return text.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("old", "new", "line", "column"),
    [
        ("3.99718208", "about 4", 4, "quantity"),
        ("3.99718208", "NaN", 4, "quantity"),
        ("3.99718208", "", 4, "quantity"),
        ("10000,", "10000.5,", 2, "unit_size"),
        ("2026-11-24", "24/11/2026", 2, "trade_day"),
        (",required,", ",maybe,", 5, "substitution"),
        (",true,", ",yes,", 2, "creation"),
        ("2026-11-23T21:00:00Z", "2026-11-23 21:00", 2, "as_of"),
        (",unit_value,", ",value,", 1, "value"),
        (",substitution,", ",quantity,", 3, ""),
        ("trailer,3", "trailer,4", 7, ""),
        ("trailer,3", "footer,3", 7, ""),
        ("trailer,3\r\n", "trailer,3\r\nmore\r\n", 8, ""),
    ],
    ids=[
        "words for a number",
        "not a number",
        "no number",
        "part of a share",
        "a foreign day",
        "an unknown flag",
        "an unknown word",
        "a time without zone",
        "an unknown column",
        "a column twice",
        "lines are missing",
        "an unknown record",
        "something after the end",
    ],
)
def test_a_broken_csv_is_refused_with_line_and_column(old, new, line, column):
    with pytest.raises(ListFileError) as refusal:
        read_creation_list(csv_with(old, new))
    assert (refusal.value.context["line"], refusal.value.context["column"]) == (line, column)
    assert refusal.value.message.startswith(f"Line {line}")


def test_a_file_that_was_cut_off_is_noticed_wherever_it_was_cut():
    for form in ListForm:
        whole = write_creation_list(LISTED, form).rstrip()
        for end in range(0, len(whole), 7):
            with pytest.raises(ListFileError):
                read_creation_list(whole[:end])


def test_a_missing_column_is_named():
    text = write_creation_list(LISTED, ListForm.CSV).decode().replace(",price,", ",", 1)
    with pytest.raises(ListFileError, match="Line 3, 'price': The column is missing"):
        read_creation_list(text.encode())


def test_a_broken_xml_is_refused_with_line_and_element():
    text = write_creation_list(LISTED, ListForm.XML).decode()
    where = next(n for n, row in enumerate(text.splitlines(), 1) if "3.99718208" in row)
    for bad in ("four", "", "1e999"):
        with pytest.raises(ListFileError) as refusal:
            read_creation_list(text.replace("3.99718208", bad).encode())
        assert (refusal.value.context["line"], refusal.value.context["column"]) == (where, "Quantity")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<RecordNumber>3<", "<RecordNumber>4<", "3 components"),
        ("<CreationRedemptionSwitch>2<", "<CreationRedemptionSwitch>9<", "one of 0, 1, 2, 3"),
        ("<SubstitutionFlag>1<", "<SubstitutionFlag>7<", "one of 0, 1, 2, 3"),
        ("<CreationLimit>500000<", "<CreationLimit>500001<", "creation units"),
        ("<CreationLimit>500000</CreationLimit>", "", "Both limits"),
        ("20261124", "2026-13-01", "not a day"),
        ("<NAV>", "<NAV currency='USD'>", "attributes"),
        ("<ComponentList>", "<ComponentList>stray", "outside of an element"),
        ("<Currency>", "<Colour>red</Colour><Currency>", "may not stand here"),
        ("<Currency>", "<NAV>1</NAV><Currency>", "twice"),
    ],
    ids=lambda value: value if value.isalnum() else "",
)
def test_an_xml_that_contradicts_itself_is_refused(old, new, told):
    text = write_creation_list(LISTED, ListForm.XML).decode()
    assert old in text
    with pytest.raises(ListFileError, match=told):
        read_creation_list(text.replace(old, new, 1).encode())


def test_a_document_type_is_refused_before_anything_is_expanded():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    text = write_creation_list(LISTED, ListForm.XML).decode().replace("\n", f"\n{bomb}", 1)
    with pytest.raises(ListFileError, match="DOCTYPE"):
        read_creation_list(text.encode())


def json_with(**changes: object) -> bytes:
    return json.dumps({**json.loads(canonical_json(LISTED)), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{"product": ', "Line 1"),
        (b'{"product": "a", "product": "b"}', "twice"),
        (json_with(unit_value=509332.62), "unit_value"),
        (json_with(colour="red"), "colour"),
        (b"[" * 100_000, "record"),
        (b'{"a":' * 100_000, "nested"),
        (b"\xff\xfe{\x00", "UTF-8"),
        (b"", "cut off"),
    ],
    ids=["cut off", "a field twice", "a float", "unknown field", "brackets", "depth", "UTF-16", "empty"],
)
def test_a_broken_json_is_refused(data, told):
    with pytest.raises(ListFileError, match=told):
        read_creation_list(data)


def test_a_huge_file_is_refused():
    with pytest.raises(ListFileError, match="bytes"):
        read_creation_list(b" " * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"estimated_cash": LISTED.estimated_cash + D("0.01")}, "do not add up"),
        ({"unit_value": D("509332.63")}, "do not add up"),
        ({"previous_day": DAY}, "before"),
        ({"unit_size": 0}, "at least 1"),
        ({"nav_per_share": D(0)}, "above zero"),
        ({"max_cash_ratio": D(2)}, "most cash"),
        ({"daily_limit": 0}, "daily limit"),
        ({"product": "=1+1"}, "identifier"),
        ({"quote": AssetId("=cmd()")}, "not the id"),
        ({"lines": (LISTED.lines[0], LISTED.lines[0])}, "stands 2 times"),
        ({"lines": (replace(LISTED.lines[0], quantity=D(-1)),)}, "not negative"),
        ({"lines": (replace(LISTED.lines[0], redemption_discount=D(2)),)}, "shares of the value"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_list_that_contradicts_itself_goes_neither_out_nor_in(changes, told):
    wrong = replace(LISTED, **changes)
    with pytest.raises(ListFileError, match=told):
        write_creation_list(wrong, ListForm.CSV)
    with pytest.raises(ListFileError, match=told):
        read_creation_list(canonical_json(wrong))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"nav": D(0)}, "above zero"),
        ({"premium": None}, "market price"),
        ({"lines": (TOLD.lines[0], TOLD.lines[0])}, "stands 2 times"),
    ],
    ids=["nav", "premium", "lines"],
)
def test_a_disclosure_that_contradicts_itself_is_refused(changes, told):
    with pytest.raises(ListFileError, match=told):
        read_disclosure(canonical_json(replace(TOLD, **changes)))


def test_prices_with_more_digits_than_a_file_may_hold_are_listed_rounded():
    third = {**closes(), BTC: D(100_000) / 3, ETH: D(1) / 7}
    made = creation_list(product(), DAY, holdings(), third)
    assert isinstance(made, CreationList)
    assert made.lines[0].price == D("33333.333333333333333333").quantize(made.lines[0].price)
    for form in ListForm:
        assert read_creation_list(write_creation_list(made, form)) == made


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_refusal(data):
    with pytest.raises(ListFileError):
        read_creation_list(data)
    with pytest.raises(ListFileError):
        read_disclosure(data)


@given(st.data(), st.sampled_from(ListForm))
def test_one_changed_byte_is_refused_or_read_as_what_it_says(data, form):
    whole = write_creation_list(LISTED, form)
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(0, 255))
    changed = whole[:place] + bytes([other]) + whole[place + 1 :]
    try:
        read = read_creation_list(changed)
    except ListFileError:
        return
    assert cash_part(read.unit_value, read.lines, {line.asset: line.price for line in read.lines}) == (
        read.estimated_cash
    )
    assert read.trade_day > read.previous_day - timedelta(days=1) > date.min
