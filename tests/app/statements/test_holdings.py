"""An investor's statement: own units alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.app.statements.sample import subject, text_of

from truenav.app.statements.holdings import NoHoldingError, units_of
from truenav.app.statements.service import document_of, statement_of
from truenav.app.statements.words import Language
from truenav.core.facts import Dealing, DealingKind
from truenav.core.money import exact, rounded


def value_of(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("\u2009", ""))


def with_dealings(*others: tuple[str, str, str]):
    """The small fund with more dealings: investor, kind, units."""
    given = subject()
    first = next(fact for fact in given.inputs.facts if isinstance(fact.body, Dealing))
    facts = [
        replace(
            first,
            external_id=f"more-{n}",
            body=replace(first.body, investor=who, kind=DealingKind(kind), units=Decimal(units)),
        )
        for n, (who, kind, units) in enumerate(others)
    ]
    return replace(given, inputs=replace(given.inputs, facts=(*given.inputs.facts, *facts)))


def test_value_is_units_times_nav_per_unit():
    given = with_dealings(("investor-2", "subscription", "250.125"), ("investor-2", "redemption", "50"))
    document, _ = document_of(given, Language.EN, "investor-2")
    (row,) = document["holdings"]
    (one,) = given.result.root.classes
    with exact():
        value = Decimal("200.125") * one.nav_per_unit_usd
    assert value_of(row["units"]) == Decimal("200.125")
    assert value_of(row["per_unit"]) == rounded(one.nav_per_unit_currency, 6)
    assert value_of(row["value_usd"]) == value_of(document["total_usd"]) == rounded(value, 2)
    assert value_of(document["hero"]["amount"]) == rounded(value, 2)


def test_an_investor_sees_no_line_no_venue_no_other_investor_and_no_fund_total():
    given = with_dealings(("other-fund-ag", "subscription", "10"))
    text = text_of(statement_of(given, Language.BOTH, "other-fund-ag").pdf)
    assert "other-fund-ag" in text
    for hidden in ("investor-1", "okx", "USDT", "BTC", "Binance", "Portfolio"):
        assert hidden not in text, hidden
    document, _ = document_of(given, Language.EN, "other-fund-ag")
    assert not {"lines", "tree", "bridge", "prices", "issues", "classes", "numeraires", "worth"} & set(
        document
    )


def test_whoever_redeemed_everything_or_never_dealt_has_no_statement():
    given = with_dealings(("gone", "subscription", "10"), ("gone", "redemption", "10"))
    for name in ("gone", "never", "", "INVESTOR-1"):
        with pytest.raises(NoHoldingError):
            document_of(given, Language.EN, name)


def test_dealings_after_the_valuation_do_not_count():
    given = subject()
    early = replace(given.inputs, as_of=min(fact.occurred_at for fact in given.inputs.facts))
    assert units_of(given.inputs, "investor-1") == {"alpha-a": Decimal(1000)}
    assert units_of(replace(early, as_of=early.as_of.replace(year=2020)), "investor-1") == {}


def test_an_unknown_nav_per_unit_is_left_out_of_the_total_and_said():
    given = subject()
    (one,) = given.result.root.classes
    unknown = replace(one, nav_per_unit_usd=None, nav_per_unit_currency=None)
    given = replace(
        given, result=replace(given.result, funds=(replace(given.result.root, classes=(unknown,)),))
    )
    document, _ = document_of(given, Language.EN, "investor-1")
    assert document["hero"]["amount"] == document["holdings"][0]["value"] == "—"
    assert "The total leaves out 1 holdings" in text_of(statement_of(given, Language.EN, "investor-1").pdf)
