"""A desk's drop copy over real sockets: every execution once, whatever the session goes through."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.connect.custody.standin import CONTEXT, SINCE, START
from tests.connect.otc.standin_desk import PASSWORD, USER, Desk, open_desk, report

from truenav.connect.contract import Credentials, Errand, Payload, Right
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.otc.fix.parse import CORRECTS
from truenav.connect.otc.fix.settings import read_settings
from truenav.connect.otc.fix.wire import frame, read_message, written
from truenav.connect.registry import configured, parse
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BTC, USD
from truenav.core.facts import Trade, Void
from truenav.core.failure import InvalidInputError, TruenavError
from truenav.core.ids import AccountId
from truenav.core.money import Amount
from truenav.simulator.times import VirtualClock

ACCOUNT = Account(AccountId("desk-x"), "Desk X", "fix", AccountKind.OTC, ("desk",))


@dataclass
class Lab:
    desk: Desk
    clock: VirtualClock
    archived: list[Payload] = field(default_factory=list)
    cursors: dict = field(default_factory=dict)
    password: str = PASSWORD

    def settings(self, **more):
        given = {
            "name": "Desk X",
            "host": "127.0.0.1",
            "port": self.desk.port,
            "sender": "FUND",
            "target": "DESK",
            "tls": False,
            "heartbeat": 1,
        }
        return json.dumps({**given, **more})

    def open(self, private=("127.0.0.1",), **more):
        async def archive(payload):
            self.archived.append(payload)

        async def sleep(seconds):
            del seconds

        source = configured("fix", self.settings(**more))
        network = Network(
            [], clock=self.clock, seed=1, sleep=sleep, monotonic=lambda: 0.0, private_hosts=private
        )
        return source, network.transport(source, archive, account="desk-x")

    async def gather(self, *, keep=True, **more):
        source, api = self.open(**more)
        key = Credentials(USER, self.password)
        got = await source.gather_account(api, Errand(ACCOUNT, key, CONTEXT, self.cursors, since=SINCE))
        if keep:
            self.cursors |= got.cursors
        return got


def run(scenario):
    async def inside():
        clock = VirtualClock(START)
        async with open_desk(clock) as desk:
            return await asyncio.wait_for(scenario(Lab(desk, clock)), 20)

    return asyncio.run(inside())


def trades(got):
    return {fact.external_id: fact.body for fact in got.facts if isinstance(fact.body, Trade)}


def numbered(count):
    return [report(f"x{n}", "1", f"{n}", "100000") for n in range(1, count + 1)]


def test_executions_become_trades_and_orders_state_nothing():
    async def scenario(lab):
        lab.desk.waiting += [
            report("new", "1", "0", "0", t150="0", t39="0"),
            report("b1", "1", "2.5", "95000.5", t12="12.5", t13="3", t479="USD", t381="237501.25"),
            report("s1", "2", "0.4", "95100", t11=""),
            (
                "AE",
                [
                    *[(571, "cap-1"), (487, "0"), (17, "c1"), (55, "ETH-USDT"), (32, "10"), (31, "3000")],
                    *[(60, "20261120-08:31:00"), (552, "1"), (54, "2"), (37, "o9"), (136, "1"), (137, "3")],
                    *[(138, "USDT"), (139, "4")],
                ],
            ),
        ]
        return await lab.gather()

    got = run(scenario)
    assert not got.failures
    found = trades(got)
    assert set(found) == {"exec:b1", "exec:s1", "exec:c1"}
    assert found["exec:b1"].cost == Amount(Decimal("-237501.25"), USD)
    assert found["exec:b1"].fees == (Amount(Decimal("-12.5"), USD),)
    assert (found["exec:b1"].tag, found["exec:s1"].tag) == ("otc", None)
    assert (found["exec:s1"].quantity, found["exec:s1"].cost.number) == (Decimal("-0.4"), Decimal("38040"))
    assert found["exec:c1"].fees[0].number == Decimal("-3")
    assert {one.code for one in got.instruments} == {"BTC/USD", "ETH-USDT"}
    assert {one.base for one in got.instruments} >= {BTC}


def test_the_next_session_goes_on_where_the_last_one_ended():
    async def scenario(lab):
        lab.desk.waiting += numbered(2)
        first = await lab.gather()
        lab.desk.waiting += [report("x3", "2", "1", "1")]
        second = await lab.gather()
        third = await lab.gather()
        return first, second, third, lab.cursors["fix.execution/1"].id, lab.desk

    first, second, third, cursor, desk = run(scenario)
    assert (set(trades(first)), set(trades(second))) == ({"exec:x1", "exec:x2"}, {"exec:x3"})
    assert not third.facts
    assert cursor == f"{desk.outgoing}:{desk.incoming}"
    assert not any(message.kind == "2" for message in desk.asked)


@pytest.mark.parametrize("fault", ["lose", "garble", "twice"])
@pytest.mark.parametrize("numbers", [{2}, {4}, {3, 6}, {7}, {2, 3, 4, 5, 6}, {8}])
def test_a_gap_is_asked_for_and_nothing_is_taken_twice(fault, numbers):
    async def scenario(lab):
        lab.desk.waiting += numbered(6)
        getattr(lab.desk, fault).update(numbers)
        return await lab.gather()

    got = run(scenario)
    assert not got.failures
    assert list(trades(got)) == [f"exec:x{n}" for n in range(1, 7)]


def test_a_session_that_broke_is_repeated_as_a_whole():
    async def scenario(lab):
        lab.desk.waiting += numbered(3)
        lab.desk.close_after = 3
        broken = await lab.gather()
        return broken, await lab.gather()

    broken, whole = run(scenario)
    assert [one.subject for one in broken.failures] == ["desk-x"]
    assert not broken.facts
    assert not broken.cursors
    assert set(trades(whole)) == {"exec:x1", "exec:x2", "exec:x3"}


def test_a_session_that_was_not_recorded_is_read_again_with_the_same_facts():
    """Our process died after the session: the desk is ahead of both numbers that we kept."""

    async def scenario(lab):
        lab.desk.waiting += numbered(3)
        lost = await lab.gather(keep=False)
        return lost, await lab.gather()

    lost, again = run(scenario)
    assert not again.failures
    assert {fact.content_hash for fact in again.facts} == {fact.content_hash for fact in lost.facts}


def test_a_desk_that_begins_anew_is_read_from_its_beginning():
    async def scenario(lab):
        lab.desk.waiting += numbered(2)
        await lab.gather()
        lab.desk.sent.clear()
        lab.desk.outgoing = lab.desk.incoming = 1
        lab.desk.waiting += [report("y1", "1", "1", "1")]
        return await lab.gather()

    got = run(scenario)
    assert not got.failures
    assert set(trades(got)) == {"exec:y1"}


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(3, 40))]
)
def test_whatever_sessions_go_through_every_execution_is_stated_once(seed):
    """Random sessions: messages lost, broken or repeated, lines cut, processes that died before recording."""

    async def scenario(lab):
        rng, known, count = random.Random(seed), {}, 0
        for _ in range(6):
            fresh = rng.randint(0, 4)
            lab.desk.waiting += [report(f"x{count + n}", "1", "1", "100") for n in range(fresh)]
            count += fresh
            ahead = range(lab.desk.outgoing + 1, lab.desk.outgoing + 1 + fresh)
            for fault in (lab.desk.lose, lab.desk.garble, lab.desk.twice):
                fault.clear()
                fault.update(number for number in ahead if rng.random() < 0.25)
            lab.desk.close_after = rng.choice([0, 0, 0, lab.desk.outgoing])
            got = await lab.gather(keep=rng.random() < 0.7)
            for fact in got.facts:
                assert known.setdefault(fact.key_hash, fact).content_hash == fact.content_hash
        lab.desk.close_after = 0
        got = await lab.gather()
        assert not got.failures
        known |= {fact.key_hash: fact for fact in got.facts}
        return {fact.external_id for fact in known.values()}, count

    found, count = run(scenario)
    assert found == {f"exec:x{n}" for n in range(count)}


def test_numbers_set_anew_are_told_as_a_possible_loss():
    async def scenario(lab):
        lab.desk.reset_at = 40
        lab.desk.waiting += numbered(1)
        return await lab.gather()

    got = run(scenario)
    assert set(trades(got)) == {"exec:x1"}
    assert ["left out the messages 2 to 39" in one.message for one in got.problems] == [True]


@pytest.mark.parametrize("later", [False, True])
def test_a_correction_supersedes_and_a_cancellation_voids(later):
    async def scenario(lab):
        lab.desk.waiting += numbered(2)
        first = await lab.gather() if later else None
        lab.desk.waiting += [
            report("g1", "1", "1.5", "99000", t150="G", t19="x1"),
            report("h1", "1", "2", "100000", t150="H", t19="x2", t58="entered twice"),
            report("g2", "1", "1.25", "99000", t150="G", t19="g1"),
        ]
        second = await lab.gather()
        return [*(first.facts if first else ()), *second.facts], second, lab.archived

    facts, second, archived = run(scenario)
    assert not second.problems
    by_id = {fact.external_id: fact for fact in facts}
    assert by_id["exec:g1"].supersedes == by_id["exec:x1"].content_hash
    assert by_id["exec:g2"].supersedes == by_id["exec:g1"].content_hash
    assert by_id["exec:h1"].supersedes == by_id["exec:x2"].content_hash
    assert by_id["exec:h1"].body == Void("entered twice")
    bodies = {one.evidence.sha256: one.body for one in archived}
    again = [fact for one in second.evidence for fact in parse(one, bodies[one.sha256], CONTEXT).facts]
    assert {fact.content_hash for fact in again} == {fact.content_hash for fact in second.facts}
    assert sum(CORRECTS in dict(one.request.params) for one in second.evidence) == 3


def test_a_correction_of_what_nobody_read_is_a_loss_and_holds_the_cursor():
    async def scenario(lab):
        lab.desk.waiting += [report("h9", "1", "1", "1", t150="H", t19="long-ago")]
        return await lab.gather()

    got = run(scenario)
    assert [one.lost for one in got.problems] == [True]
    assert not got.cursors


def test_a_wrong_password_a_closed_port_and_a_private_address_are_named():
    async def scenario(lab):
        lab.password = "wrong"
        refused = await lab.gather()
        lab.password = PASSWORD
        guarded = await lab.gather(private=())
        lab.desk.port = 1
        closed = await lab.gather()
        return [got.failures[0].message for got in (refused, guarded, closed)]

    refused, guarded, closed = run(scenario)
    assert "Invalid username or password" in refused
    assert "TRUENAV_PRIVATE_HOSTS" in guarded
    assert "did not answer at 127.0.0.1:1" in closed


@pytest.mark.nightly
def test_a_desk_without_tls_is_not_spoken_to_where_tls_is_asked_for():
    got = run(lambda lab: lab.gather(tls=True))
    assert "did not answer" in got.failures[0].message


def test_a_silent_desk_is_given_up_after_two_heartbeats():
    async def scenario(lab):
        lab.desk.silent = True
        lab.desk.waiting += numbered(1)
        return await lab.gather()

    got = run(scenario)
    assert "said nothing for two heartbeats" in got.failures[0].message
    assert not got.facts


def test_the_key_check_logs_on_and_tells_the_clock():
    async def scenario(lab):
        source, api = lab.open()
        return await source.check_key(api, Credentials(USER, PASSWORD))

    check = run(scenario)
    assert (check.read, check.withdraw) == (Right.YES, Right.NO)
    assert check.identity == "FUND at DESK"
    assert abs(check.clock_offset) < timedelta(seconds=1)


@pytest.mark.parametrize(
    "more",
    [
        {"port": 0},
        {"host": "fix.desk/x"},
        {"sender": "A\x01B"},
        {"heartbeat": 0},
        {"surprise": 1},
        {"target": None},
    ],
)
def test_settings_that_cannot_be_used_are_refused(more):
    good = {"name": "D", "host": "fix.example", "port": 1, "sender": "A", "target": "B"}
    assert read_settings(json.dumps(good)).url == "https://fix.example:1"
    with pytest.raises(InvalidInputError):
        read_settings(json.dumps({**good, **more}))
    with pytest.raises(InvalidInputError):
        read_settings("{")


@settings(max_examples=60)
@given(place=st.integers(min_value=0, max_value=10_000), byte=st.integers(0, 255))
def test_a_message_with_a_changed_byte_is_broken_or_read_by_our_errors(place, byte):
    kind, fields = report("x1", "1", "1", "1")
    raw = bytearray(written(kind, 2, "DESK", "FUND", START, fields))
    whole = bytes(raw)
    assert frame(whole) == len(whole)
    assert read_message(whole).get(17) == "x1"
    raw[place % len(raw)] = byte
    try:
        assert read_message(bytes(raw)).raw == bytes(raw)
    except TruenavError:
        assert bytes(raw) != whole


@pytest.mark.parametrize(
    "field", [b"3x7=o1\x01", b"=o1\x01", b"37=\x01", b"37\x01", b"37=\xff\x01", b"95=x\x01"]
)
def test_a_sealed_message_with_a_field_that_is_none_is_refused(field):
    text = b"35=8\x01" + field
    whole = b"8=FIX.4.4\x019=%d\x01" % len(text) + text
    whole += b"10=%03d\x01" % (sum(whole) % 256)
    assert frame(whole) == len(whole)
    with pytest.raises(MalformedPayloadError):
        read_message(whole)
