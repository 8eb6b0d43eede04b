"""The note for holders: the product's own numbers, the same in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from tests.calc.etp.histories import DAILY, MIDNIGHT, D, product, terms

from truenav.calc.etp.explain.risk_note import Language, risk_note
from truenav.core.product import (
    Aim,
    DailyTimes,
    Fee,
    FeeBasis,
    Financing,
    ProductRulesError,
    Schedule,
    ShareMerge,
    Terms,
    Trigger,
)

FULL = terms(
    3,
    schedules=DAILY,
    trigger=Trigger(above=D(4), adverse_move=D("0.15")),
    fees=(Fee(D("0.0003"), MIDNIGHT), Fee(D("0.0001"), MIDNIGHT, FeeBasis.NOTIONAL)),
    trading_cost=D("0.001"),
    merge=ShareMerge(D("0.05"), 20),
)


def note(rules: Terms, language: Language = Language.ENGLISH) -> str:
    return "\n".join(risk_note(product(rules), language=language))


def test_a_note_names_the_numbers_of_the_product():
    text = note(FULL)
    for number in (
        "3 times the move of BTC",
        "the product at -4.45 %",
        "and not at -1.5 %",
        "38.12 % at a volatility of 40 %",
        "85.34 % at a volatility of 80 %",
        "-33.33 % without a rebalance",
        "a move of -11.11 % makes",
        "about 33.33 % is lost",
        "take 10.37 % of it in a year",
        "trades 60 % of",
        "0.05 USDT or below, 20 units become one",
    ):
        assert number in text
    assert "promise nothing" in text


def test_both_languages_say_the_same_numbers():
    for rules in (
        FULL,
        terms(-1),
        terms("0.5", schedules=DAILY),
        terms(1),
        terms("2.2", target_is_published=False),
    ):
        found = [sorted(re.findall(r"-?\d[\d.]*", note(rules, language))) for language in Language]
        english, chinese = ([one for one in numbers if one not in ("1", "4")] for numbers in found)
        assert english == chinese


def test_an_example_of_four_days_goes_as_far_as_the_rebalance_does():
    """A twentieth of the way, by hand: 2x, 1.9136x, 2.0127x, 1.9260x."""
    slow = (Schedule(MIDNIGHT, speed=D("0.05"), floor=D("1.7"), ceiling=D("2.3")),)
    leverage, nav = Fraction(2), Fraction(1)
    for move in (Fraction(1, 20), Fraction(-1, 20)) * 2:
        nav *= 1 + leverage * move
        leverage *= (1 + move) / (1 + leverage * move)
        leverage += (2 - leverage) / 20
    assert f"the product at {float(nav - 1) * 100:.2f} %" in note(terms(2, schedules=slow))
    in_batches = (Schedule(MIDNIGHT, batches=4, batch_seconds=300),)
    assert "the product at -4.45 %" in note(terms(3, schedules=in_batches))


def test_no_example_of_four_rebalances_where_the_moves_do_not_lead_to_them():
    waiting = (Schedule(MIDNIGHT, moved=D("0.06")),)
    assert "four days" not in note(terms(3, schedules=waiting))
    assert "four days" in note(terms(3, schedules=(Schedule(MIDNIGHT, moved=D("0.05")),)))


def test_a_target_that_the_issuer_hides_is_called_assumed():
    assert "is assumed" in note(terms("2.2", target_is_published=False))
    assert "is assumed" not in note(FULL)


def test_a_short_product_fears_a_rise():
    text = note(replace(FULL, target=D(-3), trigger=Trigger(above=D(5))))
    assert "a move of 11.11 % makes" in text
    assert "33.33 % without a rebalance" in text
    assert "-33.33 %" not in text


def test_what_a_product_has_not_is_not_said():
    text = note(terms("0.5", financing=Financing(issuer_bears=True)))
    for word in (
        "leaves nothing",
        "fluctuation",
        "makes the product rebalance",
        "No rule protects",
        "Fees",
        "funding",
    ):
        assert word not in text


def test_without_a_trigger_the_note_says_so():
    assert "No rule protects" in note(terms(3, schedules=DAILY))


def test_a_band_goes_back_to_its_edge():
    band = terms(2, trigger=Trigger(over_target=D("0.1"), under_target=D("0.1"), aim=Aim.EDGE))
    assert "to the edge of its band" in note(band)


def test_fees_several_times_a_day_count_each_time():
    thrice = replace(FULL, fees=(Fee(D("0.001"), DailyTimes(("00:00", "08:00", "16:00"))),))
    assert "take 66.56 % of it in a year" in note(thrice)


def test_rules_that_cannot_be_followed_have_no_note():
    with pytest.raises(ProductRulesError):
        note(terms(0))
