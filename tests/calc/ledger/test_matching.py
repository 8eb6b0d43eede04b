"""Which leg belongs to which: by id, by amount and time; what could be otherwise is told."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.calc.ledger.matching import CHAIN, EARLY, INTERNAL, MatchedBy, Matching, match_transfers
from truenav.core.asset import BTC, USDT
from truenav.core.facts import Fact, Transfer, TransferKind
from truenav.core.ids import Sha256
from truenav.core.money import Amount, AssetId

START = datetime(2026, 1, 1, tzinfo=UTC)
EXTERNAL_KIND, INTERNAL_KIND = TransferKind.EXTERNAL, TransferKind.INTERNAL


def leg(
    where: str,
    number: str,
    minutes: float = 0,
    *,
    txid: str = "",
    fee: str | None = None,
    kind: TransferKind = EXTERNAL_KIND,
    to: str = "",
    asset: AssetId = USDT,
    name: str = "",
) -> Fact:
    account, _, wallet = where.partition("/")
    body = Transfer(
        wallet or "main",
        Amount(Decimal(number), asset),
        kind,
        to,
        txid,
        None if fee is None else Amount(Decimal(fee), asset),
    )
    at = START + timedelta(minutes=minutes)
    return Fact("x", account, name or f"{where}{number}@{minutes}{txid}", at, body, Sha256("0" * 64))


def pairs(found: Matching) -> list[tuple[str, str]]:
    return [(pair.sent.external_id, pair.received.external_id) for pair in found.pairs]


def test_one_transaction_id_makes_a_pair_across_accounts_whatever_its_form_and_the_time() -> None:
    out, into = leg("a", "-5", txid="0xAB"), leg("b", "5", 60 * 24 * 9, txid="ab")
    (pair,) = match_transfers([into, out]).pairs
    assert (pair.sent, pair.received, pair.by) == (out, into, MatchedBy.TXID)
    assert pair.lost == 0
    assert pair.in_transit == timedelta(days=9)
    assert pair.external_legs == (out, into)


def test_with_one_id_a_fee_that_nobody_states_is_what_was_lost() -> None:
    (pair,) = match_transfers([leg("a", "-5", txid="t"), leg("b", "4.9", 9, txid="t")]).pairs
    assert pair.lost == Decimal("0.1")
    assert match_transfers([leg("a", "-5", txid="t"), leg("b", "6", 9, txid="t")]).pairs == ()


def test_a_batch_under_one_id_is_told_apart_by_its_amounts() -> None:
    outs = [leg("a", "-5", txid="t"), leg("c", "-7", txid="t")]
    ins = [leg("b", "7", 9, txid="t"), leg("d", "5", 9, txid="t")]
    assert sorted(pairs(match_transfers(outs + ins))) == [
        (outs[0].external_id, ins[1].external_id),
        (outs[1].external_id, ins[0].external_id),
    ]


def test_without_an_id_amount_and_time_make_a_pair() -> None:
    (pair,) = match_transfers([leg("a", "-5"), leg("b", "5", 90)]).pairs
    assert (pair.by, pair.in_transit) == (MatchedBy.AMOUNT, timedelta(minutes=90))


def test_a_fee_of_either_side_may_lie_between_the_amounts() -> None:
    assert match_transfers([leg("a", "-5", fee="-1"), leg("b", "4", 9)]).pairs[0].lost == 1
    assert match_transfers([leg("a", "-5"), leg("b", "4", 9, fee="-1")]).pairs[0].lost == 1
    assert match_transfers([leg("a", "-5", fee="-1"), leg("b", "5", 9)]).pairs[0].lost == 0


def test_other_ids_assets_amounts_places_and_times_make_none() -> None:
    minutes = CHAIN / timedelta(minutes=1)
    out = leg("a", "-5")
    for into in (
        leg("b", "5", 9, asset=BTC),
        leg("b", "5.01", 9),
        leg("a", "5", 9),
        leg("b", "5", minutes + 1),
        leg("b", "5", -EARLY / timedelta(minutes=1) - 1),
    ):
        assert match_transfers([out, into]) == Matching((), (), ())
    assert match_transfers([leg("a", "-5", txid="s"), leg("b", "5", 9, txid="t")]).pairs == ()


def test_internal_legs_are_near_in_time_and_one_without_the_other_is_told() -> None:
    out = leg("a/spot", "-5", kind=INTERNAL_KIND, to="usdm")
    into = leg("a/usdm", "5", 0.1, kind=INTERNAL_KIND)
    assert pairs(match_transfers([out, into])) == [(out.external_id, into.external_id)]
    late = leg("a/usdm", "5", INTERNAL / timedelta(minutes=1) + 1, kind=INTERNAL_KIND)
    assert match_transfers([out, late]) == Matching((), (out, late), ())


def test_internal_legs_that_name_each_other_may_be_under_way_for_days() -> None:
    out = leg("a", "-5", kind=INTERNAL_KIND, to="b/main")
    into = leg("b", "5", 60 * 48, kind=INTERNAL_KIND, to="a/main")
    assert pairs(match_transfers([out, into])) == [(out.external_id, into.external_id)]


def test_a_leg_that_names_its_other_place_is_paired_with_no_other() -> None:
    out = leg("a/spot", "-5", kind=INTERNAL_KIND, to="usdm")
    near, right = leg("b", "5", 1, kind=INTERNAL_KIND), leg("a/usdm", "5", 3, kind=INTERNAL_KIND)
    found = match_transfers([out, near, right])
    assert pairs(found) == [(out.external_id, right.external_id)]
    assert found.unmatched == (near,)


def test_the_nearest_partner_is_not_taken_where_another_leg_has_only_that_one() -> None:
    first, second = leg("a", "-5", 0), leg("c", "-5", 55)
    near, only = leg("b", "5", 60), leg("d", "5", CHAIN / timedelta(minutes=1) + 30)
    assert pairs(match_transfers([first, second, near, only])) == [
        (first.external_id, near.external_id),
        (second.external_id, only.external_id),
    ]


def test_of_two_possible_partners_the_nearer_in_time_is_taken() -> None:
    out, near, far = leg("a", "-5"), leg("b", "5", 10), leg("d", "5", 300)
    assert pairs(match_transfers([far, out, near])) == [(out.external_id, near.external_id)]


def test_an_exact_amount_goes_before_one_that_needs_a_fee() -> None:
    out, less, exact = leg("a", "-5", fee="-1"), leg("b", "4", 1), leg("d", "5", 300)
    assert pairs(match_transfers([out, less, exact])) == [(out.external_id, exact.external_id)]


def test_what_could_as_well_be_otherwise_is_told_and_not_guessed() -> None:
    out, left, right = leg("a", "-5"), leg("b", "5", 10), leg("d", "5", 10)
    found = match_transfers([out, left, right])
    assert found.pairs == ()
    assert [(one.sent, one.received) for one in found.ambiguous] == [((out,), (left, right))]


def test_legs_that_are_all_the_same_are_paired_since_it_makes_no_difference() -> None:
    outs = [leg("a", "-5", name=f"out{n}") for n in range(3)]
    ins = [leg("b", "5", 10, name=f"in{n}") for n in range(2)]
    found = match_transfers([*ins, *outs])
    assert (len(found.pairs), found.ambiguous) == (2, ())


def test_a_crowd_of_one_amount_is_told_as_one() -> None:
    legs = [leg("a", "-5", n / 100, name=f"o{n}") for n in range(300)]
    legs += [leg("b", "5", n / 100, name=f"i{n}") for n in range(300)]
    found = match_transfers(legs)
    assert found.pairs == ()
    assert [(len(one.sent), len(one.received)) for one in found.ambiguous] == [(300, 300)]


amounts = st.sampled_from(["1", "2", "2.5"])
legs = st.builds(
    leg,
    st.sampled_from(["a", "b", "a/x", "c"]),
    amounts.flatmap(lambda one: st.sampled_from([one, f"-{one}"])),
    st.integers(0, 400),
    txid=st.sampled_from(["", "", "t", "u"]),
    fee=st.sampled_from([None, "-0.5"]),
    kind=st.sampled_from(TransferKind),
)


@given(st.lists(legs, max_size=14, unique_by=lambda one: one.external_id), st.integers(0, 99))
@settings(max_examples=150)
def test_the_order_of_facts_makes_no_difference_and_no_leg_is_in_two_places(
    facts: list[Fact], seed: int
) -> None:
    found = match_transfers(facts)
    shuffled = list(facts)
    Random(seed).shuffle(shuffled)
    assert match_transfers(shuffled) == found
    used = [fact for pair in found.pairs for fact in (pair.sent, pair.received)]
    used += [fact for crowd in found.ambiguous for fact in (*crowd.sent, *crowd.received)]
    used += found.unmatched
    assert len({fact.external_id for fact in used}) == len(used)
    internal = {fact.external_id for fact in facts if fact.body.kind is INTERNAL_KIND}  # type: ignore[union-attr]
    assert internal <= {fact.external_id for fact in used}
    for pair in found.pairs:
        sent, received = pair.sent.body, pair.received.body
        assert isinstance(sent, Transfer)
        assert isinstance(received, Transfer)
        assert sent.amount.asset == received.amount.asset
        assert received.amount.number <= -sent.amount.number + Decimal("0.5")
        assert (pair.sent.account, sent.wallet) != (pair.received.account, received.wallet)


@pytest.mark.parametrize("transfers", [5_000, pytest.param(50_000, marks=pytest.mark.nightly)])
def test_legs_take_a_hundredth_of_a_millisecond_each(transfers: int) -> None:
    random = Random(7)
    facts = []
    for n in range(transfers):
        number, minute = f"{random.randint(1, 20_000)}.5", random.randint(0, 500_000)
        facts.append(leg(f"a{n % 40}", f"-{number}", minute, name=f"o{n}"))
        facts.append(leg(f"b{n % 40}", number, minute + random.randint(1, 600), name=f"i{n}"))
    random.shuffle(facts)
    began = time.process_time()
    found = match_transfers(facts)
    assert len(found.pairs) > 0.9 * transfers
    # Several times as long as it takes, for a machine that is busy.
    assert time.process_time() - began < 0.5 + transfers * 2 * 1e-4
