from decimal import Decimal

from tests.calc.nav.conftest import DAY, START, House

from truenav.calc.nav.judge import differences, publishable
from truenav.core.asset import BTC, USDT


def test_a_clean_result_is_publishable(simple: House) -> None:
    assert publishable(simple.strike("alpha", START)) == ()


def test_reasons_name_what_is_wrong(simple: House) -> None:
    first = simple.strike("alpha", START)
    at = START + DAY
    simple.prices(at, {USDT: "1"})
    simple.balances("okx-1", at, {BTC: "1", USDT: "9000"})
    reasons = publishable(simple.strike("alpha", at, first.funds))
    assert any("stale" in one for one in reasons)
    assert any("-1000 unexplained" in one for one in reasons)


def test_equal_results_have_no_difference(simple: House) -> None:
    assert differences(simple.strike("alpha", START), simple.strike("alpha", START)) == ()


def test_restatement_is_explained_line_by_line(simple: House) -> None:
    simple.classes[0] = type(simple.classes[0])(
        simple.classes[0].id, simple.classes[0].fund, "a", simple.classes[0].currency, Decimal("0.02"), 365
    )
    at = START + DAY
    simple.prices(at, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", at, {BTC: "1", USDT: "10000"})
    old = simple.strike("alpha", at)
    simple.facts.pop()
    simple.balances("okx-1", at, {BTC: "0.9", "slip44:3": "5", USDT: "10000"})  # type: ignore[dict-item]
    simple.prices(at, {"slip44:3": "2"})  # type: ignore[dict-item]
    simple.manual("alpha", at, "-7")
    simple.deal("alpha", START, "1", "1000")
    new = simple.strike("alpha", at)
    found = {(one.kind, one.subject): one for one in differences(old, new)}
    assert found["balance", BTC].difference_usd == -5000
    assert found["balance", "slip44:3"].old_quantity is None
    assert found["manual", "iso4217:USD"].difference_usd == -7
    assert found["fee", "alpha-a"].new_quantity == 61
    assert ("balance", USDT) not in found
    total = sum((one.difference_usd for one in found.values()), Decimal(0))
    assert total == new.root.nav_usd - old.root.nav_usd
