"""What is learned late: a restatement shows it line by line, and the next NAV bridges it as a correction."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from tests.e2e.compare import expected, shown
from tests.e2e.conftest import Struck, Walk, after, walked
from tests.oracle.fund import Dealing as OracleDealing

from truenav.app.nav.runs import advance_run, compare, start_restatement
from truenav.app.sources.entries import enter
from truenav.calc.nav.model import Quality
from truenav.core.asset import USD
from truenav.core.facts import Dealing, DealingKind, ManualItem, Void
from truenav.core.ids import NodeId, ShareClassId
from truenav.core.money import Amount, exact
from truenav.store.postgres import EmbeddedPostgres

LATE_UNITS, LATE_AMOUNT = 120, "124000.55"


def learn(walk: Walk, published: Struck) -> None:
    """A subscription of an hour before the last NAV turns up, and an invoice proves to be a mistake."""
    at = published.result.as_of - timedelta(hours=1)
    dealing = Dealing(
        DealingKind.SUBSCRIPTION,
        NodeId("harbor"),
        ShareClassId("harbor-m"),
        "Lindqvist Family Office",
        Decimal(LATE_UNITS),
        Amount(Decimal(LATE_AMOUNT), USD),
    )
    invoice = next(
        fact
        for fact in published.inputs.facts
        if isinstance(fact.body, ManualItem) and fact.body.node == "keel"
    )
    with walk.house.database.transaction(walk.demo.tenant) as session:
        enter(session, walk.house, walk.demo.fay, dealing, occurred_at=at, reason="found in the post")
        enter(
            session,
            walk.house,
            walk.demo.fay,
            Void("entered twice"),
            occurred_at=walk.clock.now(),
            reason="entered twice",
            supersedes=invoice.content_hash,
        )
    walk.oracle.dealings.append(
        OracleDealing(
            "harbor-m",
            "Lindqvist Family Office",
            Fraction(LATE_UNITS),
            Fraction(LATE_AMOUNT),
            "USD",
            at,
        )
    )
    walk.oracle.manual[:] = [one for one in walk.oracle.manual if one.node != "keel"]


def restate(walk: Walk, published: Struck) -> Struck:
    """The published NAV again with what is known now; the oracle from nothing, as the first one was."""
    demo = walk.demo
    with walk.house.database.transaction(demo.tenant) as session:
        run = start_restatement(session, walk.house, demo.max, published.run.id)
    run = advance_run(walk.house, demo.tenant, run.id)
    walk.oracle.last = {}
    return replace(walk.struck(run), prices=published.prices)


@pytest.mark.timeout(300)
def test_late_facts_restate_the_nav_and_are_a_correction_in_the_next(
    postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with walked(postgres_server, tmp_path, after(9, 12, 30)) as walk:
        demo = walk.demo
        published = walk.strike()
        walk.publish(published)
        walk.clock.advance(timedelta(minutes=10))
        learn(walk, published)

        restated = restate(walk, published)
        assert restated.result.quality is Quality.COMPLETE
        numeraires = walk.oracle.numeraires(restated.prices)
        for fund in restated.result.funds:
            assert shown(fund) == expected(restated.expected[fund.fund], numeraires), fund.fund
        old = {fund.fund: fund.nav_usd for fund in published.result.funds}
        new = {fund.fund: fund.nav_usd for fund in restated.result.funds}
        changed = {"keel", "harbor", "tide"}
        assert {name for name in old if old[name] != new[name]} == changed

        with walk.house.database.transaction(demo.tenant) as session:
            lines = compare(session, walk.house, demo.max, restated.run.id).lines
        assert {line.fund for line in lines} == changed
        assert {(line.fund, line.kind) for line in lines} >= {
            ("keel", "manual"),
            ("harbor", "fee"),
            ("tide", "holding"),
        }
        for fund in changed:
            with exact():
                total = sum(line.difference_usd for line in lines if line.fund == fund)
                assert abs(total - (new[fund] - old[fund])) <= Decimal("1e-17")

        walk.clock.advance(timedelta(minutes=20))
        walk.oracle.keep(restated.expected)
        following = walk.strike()
        assert following.result.quality is Quality.COMPLETE
        numeraires = walk.oracle.numeraires(following.prices)
        for fund in following.result.funds:
            assert shown(fund) == expected(following.expected[fund.fund], numeraires), fund.fund
            assert fund.bridge is not None
            assert fund.bridge.opening_nav_usd == old[fund.fund]
            with exact():
                assert fund.bridge.correction_usd == new[fund.fund] - old[fund.fund]
            assert abs(fund.bridge.unexplained_usd) < Decimal("1e-15")

        demo.approve(restated.run)
        demo.publish(restated.run)
        final = walk.strike()
        for fund in final.result.funds:
            assert fund.bridge is not None
            assert (fund.bridge.opening_nav_usd, fund.bridge.correction_usd) == (new[fund.fund], 0)

        withdrawal = next(fact for fact in final.inputs.facts if fact.account == "sma-treasury")
        with walk.house.database.transaction(demo.tenant) as session:
            enter(
                session,
                walk.house,
                demo.fay,
                Void("it arrived"),
                occurred_at=walk.clock.now(),
                reason="it arrived",
                supersedes=withdrawal.content_hash,
            )
        without = walk.strike()
        corrections = {fund.fund: fund.bridge.correction_usd for fund in without.result.funds if fund.bridge}
        assert {name for name, number in corrections.items() if number} == {"harbor", "tide"}
        assert Decimal(-155_000) < corrections["harbor"] < Decimal(-145_000)
