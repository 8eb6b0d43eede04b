"""Times as files write them: the instant exactly, or a refusal; a change of clocks is never guessed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect.files.forms import number_forms, time_forms
from truenav.connect.files.times import TimeRule, reader, refuse_bad_rule
from truenav.core.failure import InvalidInputError

AT = datetime(2024, 5, 6, 17, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("iso", "2024-05-06 17:08:09"),
        ("iso", "2024-05-06T19:08:09+02:00"),
        ("iso", "2024-05-06 17:08:09 UTC"),
        ("iso", "2024-05-06T17:08:09.000Z"),
        ("unix", "1715015289"),
        ("unix_ms", "1715015289000"),
        ("%d.%m.%Y %H:%M:%S", "06.05.2024 17:08:09"),
        ("%m/%d/%Y %I:%M:%S %p", "5/6/2024 5:08:09 PM"),
        ("%b %d, %Y, %I:%M:%S %p", "May 6, 2024, 05:08:09 PM"),
        ("%a %B %d %Y %H:%M:%S %z", "Mon May 06 2024 17:08:09 GMT+0000"),
        ("%Y/%m/%d %H:%M:%S.%f", "2024/05/06 17:08:09.000"),
        ("%Y年%m月%d日 %H:%M:%S", "2024年5月6日 17:08:09"),
    ],
)
def test_a_time_is_read_in_its_form(form, text):
    assert reader(TimeRule((form,), "UTC"))(text) == AT


@pytest.mark.parametrize(
    "text", ["", "2024-13-01 00:00:00", "2024-02-30 00:00:00", "45000.5", "yesterday", "2024-05-06 25:00:00"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(InvalidInputError):
        reader(TimeRule(("iso", "%d.%m.%Y %H:%M"), "UTC"))(text)


def test_a_time_finer_than_a_microsecond_is_refused_not_cut():
    read = reader(TimeRule(("%Y/%m/%d %H:%M:%S.%f", "unix"), "UTC"))
    assert read("2024/05/06 17:08:09.123456000").microsecond == 123456
    for text in ("2024/05/06 17:08:09.1234567", "1715015289.1234567"):
        with pytest.raises(InvalidInputError):
            read(text)


def test_a_local_time_that_happens_twice_or_never_is_refused():
    read = reader(TimeRule(("iso",), "Europe/Zurich"))
    assert read("2024-07-01 12:00:00") == datetime(2024, 7, 1, 10, tzinfo=UTC)
    with pytest.raises(InvalidInputError, match="happens twice"):
        read("2024-10-27 02:30:00")
    with pytest.raises(InvalidInputError, match="does not exist"):
        read("2024-03-31 02:30:00")
    assert read("2024-10-27 02:30:00+01:00") == datetime(2024, 10, 27, 1, 30, tzinfo=UTC)


@given(st.integers(0, 18_000 * 24 * 60))
def test_a_local_time_that_is_accepted_is_that_time_there(minutes):
    local = (datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).replace(tzinfo=None)
    zone = ZoneInfo("America/New_York")
    try:
        at = reader(TimeRule(("iso",), "America/New_York"))(str(local))
    except InvalidInputError:
        day = timedelta(days=1)
        assert (local - day).replace(tzinfo=zone).utcoffset() != (local + day).replace(
            tzinfo=zone
        ).utcoffset()
    else:
        assert at.astimezone(zone).replace(tzinfo=None) == local


def test_without_a_zone_or_with_an_abbreviation_nothing_is_guessed():
    with pytest.raises(InvalidInputError, match="no zone"):
        reader(TimeRule())("2024-05-06 17:08:09")
    with pytest.raises(InvalidInputError, match="different offsets"):
        reader(TimeRule())("2024-05-06 12:08:09 EST")
    assert reader(TimeRule(offsets={"EST": "-05:00"}))("2024-05-06 12:08:09 EST") == AT
    assert reader(TimeRule(zone="+08:00"))("2024-05-07 01:08:09") == AT


@pytest.mark.parametrize(
    "rule",
    [
        TimeRule(()),
        TimeRule(("%Q",)),
        TimeRule(("%Y-%m",)),
        TimeRule(("%Y-%m-%d %I:%M",)),
        TimeRule(("%Y-%m-%d %d",)),
        TimeRule(zone="Mars/Base"),
        TimeRule(offsets={"EST": "5"}),
    ],
)
def test_a_rule_that_cannot_read_is_refused(rule):
    with pytest.raises(InvalidInputError):
        refuse_bad_rule(rule)


@pytest.mark.parametrize(
    ("cells", "forms"),
    [
        (["2024-01-02 03:04:05"], ("iso",)),
        (["1715015289"], ("unix",)),
        (["1715015289000"], ("unix_ms",)),
        (["31.12.2024 10:00"], ("%d.%m.%Y %H:%M",)),
        (["5/9/2017 21:14"], ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M")),
        (["5/9/2017 21:14", "5/19/2017 21:14"], ("%m/%d/%Y %H:%M",)),
        (["01-02-03 10:00:00"], ("%d-%m-%y %H:%M:%S", "%y-%m-%d %H:%M:%S")),
        (["Jan 5, 2024 3:04 PM"], ("%b %d, %Y %I:%M %p",)),
        (["2024年5月6日 17:08"], ("%Y年%m月%d日 %H:%M",)),
        (["BTC"], ()),
        (["12.5"], ()),
        ([], ()),
    ],
)
def test_the_form_of_times_is_found_or_left_open(cells, forms):
    assert time_forms(cells) == forms


@pytest.mark.parametrize(
    ("cells", "delimiter", "forms"),
    [
        (["1.5", "2"], ",", ((".", ""),)),
        (["1,234.56"], ",", ((".", ","),)),
        (["1.234,56"], ";", ((",", "."),)),
        (["1'234.5"], ";", ((".", "'"),)),
        (["1,234,567"], ";", ((".", ","),)),
        (["0,5"], ";", ((",", ""),)),
        (["1,234"], ";", ((",", ""), (".", ","))),
        (["1.234"], ";", ((".", ""), (",", "."))),
        (["1.234"], ",", ((".", ""),)),
        (["5"], ";", ((".", ""),)),
    ],
)
def test_the_form_of_numbers_is_found_or_left_open(cells, delimiter, forms):
    assert number_forms([cells], delimiter) == forms
