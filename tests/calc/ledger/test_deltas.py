from datetime import UTC, datetime
from decimal import Decimal

import pytest

from truenav.calc.ledger.book import book_at, latest_snapshots
from truenav.calc.ledger.deltas import Reason, deltas
from truenav.core.asset import BTC, USDT
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    Body,
    CashFlow,
    CashKind,
    Fact,
    PositionSnapshot,
    Quote,
    QuoteKind,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.ids import Sha256
from truenav.core.instrument import (
    Instrument,
    InstrumentBook,
    InstrumentKind,
    UnknownInstrumentError,
    instrument_id,
)
from truenav.core.money import Amount

SPOT = Instrument(
    instrument_id("okx", "BTC-USDT"), "okx", "BTC-USDT", InstrumentKind.SPOT, BTC, USDT, USDT, Decimal(1)
)
PERP = Instrument(
    instrument_id("okx", "SWAP"), "okx", "SWAP", InstrumentKind.PERPETUAL, BTC, USDT, USDT, Decimal("0.01")
)
BOOK = InstrumentBook([SPOT, PERP])


def fact(body: Body, hour: int = 1, name: str = "1") -> Fact:
    return Fact("okx", "acc", name, datetime(2026, 1, 1, hour, tzinfo=UTC), body, Sha256("0" * 64))


def usdt(number: str) -> Amount:
    return Amount(Decimal(number), USDT)


def effects(body: Body) -> list[tuple[str, str, Reason]]:
    return [(one.subject, str(one.quantity), one.reason) for one in deltas(fact(body), BOOK)]


def test_spot_fill_moves_base_cost_and_fee() -> None:
    body = Trade(
        "w",
        SPOT.id,
        Decimal(2),
        Decimal(100),
        usdt("-200"),
        None,
        (Amount(Decimal("-0.01"), BTC),),
        "o",
        "arb",
    )
    assert effects(body) == [
        (BTC, "2", Reason.TRADE),
        (USDT, "-200", Reason.TRADE),
        (BTC, "-0.01", Reason.FEE),
    ]
    assert {one.tag for one in deltas(fact(body), BOOK)} == {"arb"}


def test_perpetual_fill_moves_contracts_and_only_realised_cash() -> None:
    body = Trade("w", PERP.id, Decimal(-3), Decimal(100), None, usdt("7"), (usdt("-1"),), "o", "arb")
    assert effects(body) == [
        (PERP.id, "-3", Reason.TRADE),
        (USDT, "7", Reason.REALISED),
        (USDT, "-1", Reason.FEE),
    ]
    assert [one.tag for one in deltas(fact(body), BOOK)] == ["arb", None, None]


@pytest.mark.parametrize("held", ["3", "-3"])
@pytest.mark.parametrize("told", ["3", "-3"])
def test_a_worthless_expiry_closes_what_is_held_whichever_side_was_told(held: str, told: str) -> None:
    opened = Trade("w", PERP.id, Decimal(held), Decimal(100), None, None, (), "order", None)
    expired = Settlement("w", PERP.id, Decimal(told), Decimal(100), usdt("0"))
    facts = [fact(expired, 3, "2"), fact(opened, 2, "1"), fact(PositionSnapshot("w", ()), 1, "0")]
    assert book_at(facts, BOOK, datetime(2026, 1, 2, tzinfo=UTC)) == ()


def test_settlement_closes_contracts_and_pays() -> None:
    body = Settlement("w", PERP.id, Decimal(-3), Decimal(100), usdt("5"))
    assert effects(body) == [(PERP.id, "-3", Reason.SETTLEMENT), (USDT, "5", Reason.SETTLEMENT)]


def test_transfer_fee_comes_on_top() -> None:
    body = Transfer("w", usdt("-10"), TransferKind.EXTERNAL, fee=usdt("-1"))
    assert effects(body) == [(USDT, "-10", Reason.EXTERNAL), (USDT, "-1", Reason.FEE)]


@pytest.mark.parametrize("kind", list(CashKind))
def test_every_kind_of_cash_has_a_reason(kind: CashKind) -> None:
    assert effects(CashFlow("w", kind, usdt("2"))) == [(USDT, "2", Reason(kind.value))]


def test_quotes_and_snapshots_move_nothing() -> None:
    assert effects(Quote(BTC, USDT, QuoteKind.LAST, Decimal(1))) == []
    assert effects(BalanceSnapshot("w", ())) == []


def test_trade_without_terms_is_refused() -> None:
    with pytest.raises(UnknownInstrumentError, match="instrument master"):
        effects(Trade("w", instrument_id("okx", "X"), Decimal(1), Decimal(1), None, None, (), "o"))


def test_book_rolls_the_latest_snapshot_forward() -> None:
    facts = [
        fact(BalanceSnapshot("w", (BalanceLine(USDT, Decimal(1)),)), 1, "a"),
        fact(BalanceSnapshot("w", (BalanceLine(USDT, Decimal(100)),)), 2, "b"),
        fact(PositionSnapshot("w", ()), 2, "c"),
        fact(CashFlow("w", CashKind.FUNDING, usdt("9")), 2, "at the snapshot's instant"),
        fact(Trade("w", PERP.id, Decimal(5), Decimal(1), None, None, (usdt("-1"),), "o"), 3, "d"),
        fact(CashFlow("w", CashKind.FUNDING, usdt("50")), 5, "later"),
        fact(CashFlow("other", CashKind.FUNDING, usdt("50")), 3, "wallet without a snapshot"),
    ]
    for order in (facts, facts[::-1]):
        book = book_at(order, BOOK, datetime(2026, 1, 1, 4, tzinfo=UTC))
        assert [(one.wallet, one.subject, one.quantity) for one in book] == [
            ("w", USDT, Decimal(99)),
            ("w", PERP.id, Decimal(5)),
        ]


def test_of_two_snapshots_at_one_instant_the_later_id_counts() -> None:
    one, two = fact(BalanceSnapshot("w", ()), 1, "a"), fact(BalanceSnapshot("w", ()), 1, "b")
    at = datetime(2026, 1, 2, tzinfo=UTC)
    assert latest_snapshots([one, two], at) == latest_snapshots([two, one], at) == {("acc", "w", False): two}
