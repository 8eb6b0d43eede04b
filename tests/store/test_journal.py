"""The journal against a real PostgreSQL: what the database holds, and what it refuses."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    CashFlow,
    CashKind,
    Fact,
    Quote,
    QuoteKind,
    RecordedFact,
    Void,
)
from truenav.core.ids import Sha256
from truenav.core.money import Amount, AssetId
from truenav.store import issues
from truenav.store.journal import AppendResult, FactNotFoundError, FactQuery, Journal
from truenav.store.statements import BadFactError

T0 = datetime(2024, 1, 1, tzinfo=UTC)
EVIDENCE = Sha256("ab" * 32)
USDT = AssetId("usdt")


def hours(number):
    return T0 + timedelta(hours=number)


def cash(id, number="1", *, at=0, account="a1", supersedes=None):
    body = CashFlow("spot", CashKind.FUNDING, Amount(Decimal(number), USDT))
    return Fact("binance", account, id, hours(at), body, EVIDENCE, supersedes)


def quote(base, price, at, source="binance"):
    body = Quote(base, AssetId("usd"), QuoteKind.LAST, Decimal(price))
    return Fact(source, "", f"{base}-{at}", hours(at), body, EVIDENCE)


def void(target, at=0):
    return Fact(
        "manual", "a1", f"void-{target.external_id}", hours(at), Void("typo"), EVIDENCE, target.content_hash
    )


@pytest.fixture
def journal_of(database, tenant, tmp_path):
    """Opens a journal in a transaction of its own."""

    class Opened:
        def append(self, *facts, at=0):
            with database.transaction(tenant) as session:
                return Journal(session, tmp_path, tenant).append(facts, hours(at))

        def facts(self, **query):
            with database.transaction(tenant) as session:
                return [one.fact for one in Journal(session, tmp_path, tenant).facts(FactQuery(**query))]

        def latest(self, **query):
            with database.transaction(tenant) as session:
                return [one.fact for one in Journal(session, tmp_path, tenant).latest(FactQuery(**query))]

        def learned(self, after, **query):
            with database.transaction(tenant) as session:
                return Journal(session, tmp_path, tenant).learned(FactQuery(**query), hours(after))

        def issues(self):
            with database.transaction(tenant) as session:
                return issues.list_issues(session)

    return Opened()


def test_the_same_fact_again_is_a_duplicate_whatever_its_evidence(journal_of):
    assert journal_of.append(cash("1"), cash("2")) == AppendResult(2, 0)
    seen_again = dataclasses.replace(cash("1"), evidence=Sha256("cd" * 32))
    assert journal_of.append(seen_again, cash("3"), cash("3"), at=1) == AppendResult(1, 2)
    assert {fact.external_id for fact in journal_of.facts()} == {"1", "2", "3"}
    assert journal_of.facts(as_of=T0)[0].evidence == EVIDENCE


def test_the_same_id_with_other_content_leaves_the_original_and_opens_one_issue(journal_of):
    journal_of.append(cash("1", "5"))
    for _ in range(2):
        result = journal_of.append(cash("1", "6"), cash("2"), at=1)
        (conflict,) = result.conflicts
        assert conflict.content_hash == cash("1", "6").content_hash
        assert conflict.standing == cash("1", "5").content_hash
    assert journal_of.facts() == sorted([cash("1", "5"), cash("2")], key=lambda fact: fact.content_hash)
    (issue,) = journal_of.issues()
    assert issue.kind == "fact_conflict"
    assert cash("1", "5").content_hash in issue.detail


def test_two_statements_under_one_id_in_one_batch_are_a_conflict(journal_of):
    result = journal_of.append(cash("1", "5"), cash("1", "6"))
    assert (result.appended, result.duplicates, len(result.conflicts)) == (1, 0, 1)


def test_a_correction_replaces_the_fact_from_the_time_it_is_known(journal_of):
    first = cash("1", "5")
    second = cash("1", "6", supersedes=first.content_hash)
    third = cash("1", "7", supersedes=second.content_hash)
    assert journal_of.append(third, second, first, at=1) == AppendResult(3, 0)
    assert journal_of.facts() == [third]
    assert journal_of.facts(known_at=T0) == []
    assert journal_of.append(first, second, at=2) == AppendResult(0, 2)
    assert journal_of.facts() == [third]


def test_as_known_before_the_correction_the_first_statement_counts(journal_of):
    first = cash("1", "5")
    second = cash("1", "6", supersedes=first.content_hash)
    journal_of.append(first, at=1)
    journal_of.append(second, at=2)
    assert journal_of.facts(known_at=hours(1)) == [first]
    assert journal_of.facts(known_at=hours(2)) == [second]


def test_a_void_takes_the_fact_away(journal_of):
    fact = cash("1")
    journal_of.append(fact, at=1)
    assert journal_of.append(void(fact), at=2) == AppendResult(1, 0)
    assert journal_of.facts() == []
    assert journal_of.facts(known_at=hours(1)) == [fact]


def test_what_was_learned_later_is_what_was_recorded_later_of_then(journal_of):
    journal_of.append(cash("1", at=1, account="mine"), at=4)
    journal_of.append(cash("2", at=3, account="mine"), cash("3", at=1, account="other"), at=6)
    assert journal_of.learned(3, accounts=("mine",), as_of=hours(2))
    assert not journal_of.learned(4, accounts=("mine",), as_of=hours(2))
    assert journal_of.learned(4, accounts=("mine",), as_of=hours(3))
    assert journal_of.learned(5, accounts=("mine",), as_of=hours(3), known_at=hours(6))
    assert not journal_of.learned(5, accounts=("mine",), as_of=hours(3), known_at=hours(5))
    assert not journal_of.learned(0, accounts=("mine",), kinds=("trade",))


def test_a_void_or_a_correction_of_another_time_is_learned_of_what_it_takes_back(journal_of):
    kept, mine, other = (
        cash("1", at=1, account="mine"),
        cash("2", at=1, account="mine"),
        cash("3", account="other"),
    )
    journal_of.append(kept, mine, other, at=2)
    journal_of.append(dataclasses.replace(void(other), account=""), at=3)
    assert not journal_of.learned(2, accounts=("mine",), as_of=hours(1))
    journal_of.append(dataclasses.replace(void(mine), account="", occurred_at=hours(5)), at=4)
    assert journal_of.learned(3, accounts=("mine",), as_of=hours(1))
    assert not journal_of.learned(3, accounts=("mine",), as_of=hours(1), known_at=hours(3))
    assert not journal_of.learned(4, accounts=("mine",), as_of=hours(1))
    journal_of.append(cash("1", at=7, account="mine", supersedes=kept.content_hash), at=8)
    assert journal_of.learned(7, accounts=("mine",), as_of=hours(1))


def test_a_fact_has_one_correction_a_second_one_must_correct_the_first(journal_of):
    fact = cash("1")
    journal_of.append(fact)
    journal_of.append(cash("1", "2", supersedes=fact.content_hash))
    (conflict,) = journal_of.append(cash("1", "3", supersedes=fact.content_hash)).conflicts
    assert conflict.standing == cash("1", "2", supersedes=fact.content_hash).content_hash
    assert "corrected already" in conflict.reason


def test_a_correction_of_an_unknown_fact_is_refused(journal_of):
    (conflict,) = journal_of.append(cash("1", supersedes=Sha256("00" * 32))).conflicts
    assert conflict.standing is None
    assert "not recorded" in conflict.reason
    assert journal_of.facts() == []


def test_filters_take_the_half_open_interval_after_since_to_as_of(journal_of):
    facts = [cash(str(at), at=at, account=f"a{at % 2}") for at in range(5)]
    journal_of.append(*facts)
    assert journal_of.facts(since=hours(1), as_of=hours(3)) == facts[2:4]
    assert journal_of.facts(accounts=("a1",)) == facts[1::2]
    assert journal_of.facts(accounts=()) == []
    assert journal_of.facts(kinds=("quote",)) == []
    assert journal_of.facts(sources=("binance",), kinds=("cash_flow",)) == facts


def test_latest_gives_one_snapshot_a_wallet_and_one_quote_a_price(journal_of):
    def snapshot(id, wallet, at, number):
        lines = (BalanceLine(USDT, Decimal(number)),)
        return Fact("binance", "a1", id, hours(at), BalanceSnapshot(wallet, lines), EVIDENCE)

    spot, later, future = (
        snapshot("1", "spot", 1, "1"),
        snapshot("2", "spot", 2, "2"),
        snapshot("3", "usdm", 1, "3"),
    )
    quotes = [quote("btc", "1", 1), quote("btc", "2", 2), quote("eth", "3", 1), quote("btc", "4", 1, "okx")]
    journal_of.append(spot, later, future, *quotes, cash("1"))
    assert journal_of.latest(kinds=("balance_snapshot",), accounts=("a1",)) == [later, future]
    assert journal_of.latest(kinds=("balance_snapshot",), as_of=hours(1)) == [spot, future]
    assert journal_of.latest(kinds=("quote",)) == [quotes[1], quotes[2], quotes[3]]


def test_numbers_of_any_size_survive_rows_and_segments(journal_of):
    largest = 2**256 - 1
    extremes = [f"{largest}", f"-{largest}", "0." + "0" * 37 + "1", f"{10**39}.{'0' * 37}1", "-0", "1E+3"]
    facts = [cash(f"x{n}", number) for n, number in enumerate(extremes)]
    journal_of.append(*facts)
    assert sorted(journal_of.facts(), key=lambda fact: fact.external_id) == facts
    bulk = [cash(f"b{n}", extremes[n % len(extremes)], at=1) for n in range(1500)]
    assert journal_of.append(*bulk) == AppendResult(1500, 0)
    assert sorted(journal_of.facts(since=T0), key=lambda fact: int(fact.external_id[1:])) == bulk


def test_a_batch_of_mixed_kinds_finds_each_fact_in_its_segment_or_row(journal_of, tmp_path):
    facts = [cash(str(n), str(n + 1)) for n in range(1200)] + [
        quote("btc", str(n + 1), n) for n in range(1100)
    ]
    facts = [facts[(n * 7) % len(facts)] for n in range(len(facts))] + [void(facts[0])]
    assert journal_of.append(*facts) == AppendResult(2301, 0)
    assert len(list((tmp_path / "segments").glob("*/*/*.parquet"))) == 2
    assert {fact.content_hash for fact in journal_of.facts()} == {
        fact.content_hash for fact in facts if fact.kind != "void"
    } - {facts[-1].supersedes}
    assert journal_of.append(*facts, at=1) == AppendResult(0, 2301)


def test_a_fact_that_was_changed_in_its_segment_is_not_given_out(journal_of, tmp_path):
    journal_of.append(*[cash(str(n), "123456") for n in range(1000)])
    (path,) = (tmp_path / "segments").glob("*/*/*.parquet")
    frame = pl.read_parquet(path).with_columns(pl.col("statement").str.replace("123456", "123457"))
    frame.write_parquet(path)
    with pytest.raises(Exception, match="changed in the archive"):
        journal_of.facts()


def test_nothing_is_recorded_when_the_transaction_is_given_up(database, tenant, tmp_path, journal_of):
    facts = [cash(str(n)) for n in range(1000)]

    def give_up_after_appending():
        with database.transaction(tenant) as session:
            Journal(session, tmp_path, tenant).append(facts, T0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up_after_appending()
    assert journal_of.facts() == []
    with database.transaction(tenant) as session:
        journal = Journal(session, tmp_path, tenant)
        segments = journal._segments
        assert segments.collect_orphans(session, before=T0) == 0
        assert segments.collect_orphans(session, before=datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert journal_of.append(*facts).appended == 1000


def test_facts_can_neither_be_changed_nor_deleted_by_the_application(database, tenant, journal_of):
    journal_of.append(cash("1"))
    for statement in ("UPDATE fact SET statement = 'x'", "DELETE FROM fact", "TRUNCATE fact"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            database.transaction(tenant) as session,
        ):
            session.execute(text(statement))


def test_a_fact_is_found_by_its_hash(database, tenant, tmp_path, journal_of):
    fact = cash("1")
    journal_of.append(fact, at=3)
    with database.transaction(tenant) as session:
        journal = Journal(session, tmp_path, tenant)
        assert journal.get(fact.content_hash) == RecordedFact(fact, hours(3))
        assert journal.count() == 1
        with pytest.raises(FactNotFoundError):
            journal.get(Sha256("00" * 32))
        with pytest.raises(FactNotFoundError, match="'no hash'"):
            journal.get("no hash")


def test_a_nul_character_or_a_bad_hash_is_refused(journal_of):
    with pytest.raises(BadFactError, match="NUL"):
        journal_of.append(cash("1", account="a\0b"))
    with pytest.raises(BadFactError, match="evidence"):
        journal_of.append(dataclasses.replace(cash("1"), evidence=Sha256("xyz")))
