"""A reader gets the latest of each row, once, in batches that it can take."""

import gc
import json
import weakref
from datetime import UTC, datetime, timedelta

from tests.calc.nav.conftest import START, House

from truenav.app.explore.changes import BATCH_ROWS, STEPS_KEPT, LiveRows, RowBoard
from truenav.app.explore.rows import ExploreRow
from truenav.app.sight import Sight
from truenav.calc.nav.reprice import reprice
from truenav.calc.nav.valuation import value_nav
from truenav.core.asset import BTC
from truenav.core.ids import NodeId

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _row(number, value=1.0):
    texts = dict.fromkeys(
        ("fund", "strategy", "account", "venue", "chain", "asset", "product", "side", "coverage"), "x"
    )
    numbers = dict.fromkeys(("quantity", "price", "exposure", "pnl", "funding"), 1.0)
    return ExploreRow(node=NodeId("n"), id=f"r{number}", time=AT, value=value, **texts, **numbers)


def _changes(*pairs):
    return {(old or new).id: (old, new) for old, new in pairs}


def test_nothing_new_is_nothing_to_send():
    board = RowBoard(LiveRows(), (), Sight())
    board.update([])
    assert board.take() is None


def test_a_row_that_changes_twice_before_it_is_sent_is_sent_once_as_it_is_last():
    board = RowBoard(LiveRows(), (), Sight())
    board.update([_changes((_row(1), _row(1, 2.0)))])
    board.update([_changes((_row(1, 2.0), _row(1, 3.0)))])
    batch = json.loads(board.take())
    assert [row["value"] for row in batch["rows"]] == [3.0]
    assert board.take() is None


def test_a_row_that_returns_to_what_was_sent_is_not_sent():
    board = RowBoard(LiveRows(), (), Sight())
    board.update([_changes((_row(1), _row(1, 2.0))), _changes((_row(1, 2.0), _row(1)))])
    assert board.take() is None


def test_new_and_vanished_rows_are_told():
    board = RowBoard(LiveRows(), (), Sight())
    board.update([_changes((_row(1), None), (None, _row(3)))])
    batch = json.loads(board.take())
    assert [row["id"] for row in batch["rows"]] == ["r3"]
    assert batch["removed"] == ["r1"]


def test_what_is_out_of_sight_is_not_told():
    board = RowBoard(LiveRows(), (), Sight(frozenset({"elsewhere"})))
    board.update([_changes((_row(1), _row(1, 2.0)), (_row(2), None), (None, _row(3)))])
    assert board.take() is None


def test_many_changes_come_in_batches_without_loss():
    board = RowBoard(LiveRows(), ("strategies",), Sight())
    board.update([_changes(*((_row(n), _row(n, 2.0)) for n in range(130)))])
    sizes, seen = [], set()
    while (batch := board.take()) is not None:
        batch = json.loads(batch)
        sizes.append(len(batch["rows"]))
        seen |= {row["id"] for row in batch["rows"]}
        assert {row["strategy"] for row in batch["rows"]} == {"•••••"}
    assert sizes == [BATCH_ROWS, BATCH_ROWS, 30]
    assert len(seen) == 130


def test_a_reader_gets_what_changed_since_the_step_it_knows(simple):
    live, valuation = LiveRows(), value_nav(simple.inputs("alpha", START))
    live.follow(valuation)
    start = live.step
    for second in (1, 2):
        at, house = START + timedelta(seconds=second), House()
        house.prices(at, {BTC: str(50_000 + second)})
        valuation = reprice(valuation, house.facts, as_of=at)
        live.follow(valuation)
    step, changes = live.since(start)
    assert [[(old.price, new.price) for old, new in one.values()] for one in changes] == [
        [(50_000.0, 50_001.0)],
        [(50_001.0, 50_002.0)],
    ]
    assert live.since(step) == (step, [])


def test_an_older_valuation_changes_nothing(simple):
    live, old = LiveRows(), value_nav(simple.inputs("alpha", START))
    new = reprice(old, (), as_of=START + timedelta(seconds=1))
    rows = live.follow(new)
    assert live.follow(old) is rows


def test_a_reader_who_looked_away_too_long_reads_anew(simple):
    live, valuation = LiveRows(), value_nav(simple.inputs("alpha", START))
    live.follow(valuation)
    for second in range(STEPS_KEPT + 1):
        valuation = reprice(valuation, (), as_of=START + timedelta(seconds=second + 1))
        live.follow(valuation)
    assert live.since(0)[1] is None
    assert len(live.since(1)[1]) == STEPS_KEPT


def test_the_texts_of_rows_go_with_the_rows():
    live = LiveRows()
    board = RowBoard(live, (), Sight())
    board.update([_changes((None, _row(1)))])
    board.take()
    assert live.text.cache_info().currsize == 1
    gone = weakref.ref(live)
    del live, board
    gc.collect()
    assert gone() is None
