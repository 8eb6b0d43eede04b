"""A reader gets the latest of each row, once, in batches that it can take."""

from datetime import UTC, datetime

from truenav.app.explore.changes import BATCH_ROWS, RowBoard
from truenav.app.explore.rows import ExploreRow
from truenav.core.ids import NodeId

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _row(number, value=1.0):
    texts = dict.fromkeys(
        ("fund", "strategy", "account", "venue", "chain", "asset", "product", "side", "coverage"), "x"
    )
    numbers = dict.fromkeys(("quantity", "price", "exposure", "pnl", "funding"), 1.0)
    return ExploreRow(node=NodeId("n"), id=f"r{number}", time=AT, value=value, **texts, **numbers)


def test_nothing_new_is_nothing_to_send():
    board = RowBoard(())
    board.start([_row(1)])
    board.update([_row(1)])
    assert board.take() is None


def test_a_row_that_changes_twice_before_it_is_sent_is_sent_once_as_it_is_last():
    board = RowBoard(())
    board.start([_row(1)])
    board.update([_row(1, 2.0)])
    board.update([_row(1, 3.0)])
    batch = board.take()
    assert [row["value"] for row in batch["rows"]] == [3.0]
    assert board.take() is None


def test_a_row_that_returns_to_what_was_sent_is_not_sent():
    board = RowBoard(())
    board.start([_row(1)])
    board.update([_row(1, 2.0)])
    board.update([_row(1)])
    assert board.take() is None


def test_new_and_vanished_rows_are_told():
    board = RowBoard(())
    board.start([_row(1), _row(2)])
    board.update([_row(2), _row(3)])
    batch = board.take()
    assert [row["id"] for row in batch["rows"]] == ["r3"]
    assert batch["removed"] == ["r1"]


def test_many_changes_come_in_batches_without_loss():
    board = RowBoard(("strategies",))
    board.start([_row(n) for n in range(130)])
    board.update([_row(n)._replace(value=2.0) for n in range(130)])
    sizes, seen = [], set()
    while (batch := board.take()) is not None:
        sizes.append(len(batch["rows"]))
        seen |= {row["id"] for row in batch["rows"]}
        assert {row["strategy"] for row in batch["rows"]} == {"•••••"}
    assert sizes == [BATCH_ROWS, BATCH_ROWS, 30]
    assert len(seen) == 130
