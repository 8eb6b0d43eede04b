"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.connect.cefi.kraken.notes import LedgerNotes, rows, write_ledger_notes, write_trade_notes
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.core.asset import BTC, ETH, EUR, USD, USDT
from truenav.core.facts import CashFlow, CashKind, QuoteKind, Trade, Transfer, TransferKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import Amount

from .conftest import EMPTY, T0, market, payload, stated

SPOT_LINES = ("LTRADEB-AAAAA-AAAAA1", "LTRADEQ-AAAAA-AAAAA1")
EARN_LINES = ("LALLOCN-AAAAA-AAAAA1", "LALLOCN-AAAAA-AAAAA2")
MARGIN_LINES = ("LMARGOP-AAAAA-AAAAA1", "LMARGCL-AAAAA-AAAAA1")


def by_id(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


def trade_note(**more):
    lines = dict(rows(payload("ledgers"), "ledger"))
    found = {}
    for line in lines.values():
        if line.text("type") in ("trade", "margin"):
            found.setdefault(line.text("refid"), []).append(line)
    return {"local_ledger": write_trade_notes(T0, {**found, **more})}


def ledger_note(**more):
    notes = {
        "since": T0,
        "traded": frozenset((*SPOT_LINES, *MARGIN_LINES)),
        "within": dict.fromkeys(EARN_LINES, ("XBT.B", "XXBT")),
        "chains": {
            "AGBSO6T-UFMTTQ-I7KGS6": ("4c7b1f2e9d", "bc1qexample"),
            "QGBTCDE-UFMTTQ-I7KGS6": ("WIRE-0001", ""),
        },
        **more,
    }
    return {"local_ledger": write_ledger_notes(LedgerNotes(**notes))}


# -- market ---------------------------------------------------------------------------------------


def test_pairs_by_key_with_positions_on_margin_where_the_venue_lends(read):
    known = {one.id: one for one in read("pairs/1", "pairs").instruments}
    pair = known["kraken:XXBTZUSD"]
    assert (pair.kind, pair.base, pair.quote, pair.code) == (InstrumentKind.SPOT, BTC, USD, "XBT/USD")
    margin = known["kraken-margin:XXBTZUSD"]
    assert (margin.kind, margin.settle, margin.multiplier) == (InstrumentKind.PERPETUAL, USD, 1)
    assert "kraken-margin:XETHXXBT" not in known
    assert not any("NOTOURS" in name for name in known)


def test_prices_of_requests_and_of_the_stream(read):
    told = {(f.body.kind, f.body.base): f.body for f in read("tickers/1", "tickers").facts}
    assert told[QuoteKind.LAST, ETH].price in (Decimal("2511.35"), Decimal("0.03371"))
    assert told[QuoteKind.LAST, BTC].volume == Decimal("2145.12345678")
    assert told[QuoteKind.MARK, "kraken-margin:XXBTZUSD"].price == Decimal("87000.1")
    last, mark = read("stream.ticker/1", "stream-ticker").facts
    assert (last.body.base, last.body.quote, last.body.price) == (BTC, USD, Decimal("87000.1"))
    assert mark.body.base == "kraken-margin:XXBTZUSD"
    assert last.occurred_at == T0 + timedelta(seconds=5, microseconds=123456)


@pytest.mark.parametrize(
    "said",
    [
        b'{"channel":"heartbeat"}',
        b'{"channel":"status","type":"update","data":[{"system":"online","version":"2.0.10"}]}',
        b'{"method":"subscribe","result":{"channel":"ticker","symbol":"BTC/USD"},"success":true}',
        b'{"error":"Currency pair not supported OLD/USD","method":"subscribe","success":false}',
    ],
)
def test_what_else_is_said_on_the_stream_states_nothing(said):
    assert stated("stream.ticker/1", said).facts == ()


def test_a_refused_subscription_is_refused():
    with pytest.raises(MalformedPayloadError):
        stated("stream.ticker/1", b'{"error":"Malformed request","method":"subscribe","success":false}')


# -- state ----------------------------------------------------------------------------------------


def test_variants_of_a_coin_are_the_coin_and_unknown_ones_are_told(read):
    parsed = read("balances/1", "balances")
    (fact,) = parsed.facts
    lines = {line.asset: (line.total, line.locked) for line in fact.body.lines}
    assert lines == {
        USD: (Decimal("23934.71"), Decimal("8249.76")),  # what is used of the line of credit is taken off
        BTC: (Decimal("1.9935"), Decimal("1.0923")),  # XXBT, XBT.F at hand, XBT.B bound
        ETH: (Decimal("5.25"), Decimal("2.25")),  # XETH, ETH2.S, ETH28.S
        USDT: (Decimal("1000.25"), Decimal("1000.25")),
        EUR: (Decimal(200), Decimal(200)),
        "kraken:NOTOURS": (Decimal(7), Decimal(7)),
    }
    assert [problem.subject for problem in parsed.problems] == ["kraken:NOTOURS"]
    alone = json.dumps(json.loads(payload("balances"))[0]).encode()
    assert stated("balances/1", alone).facts[0].body == fact.body


def test_the_margin_ratio_is_the_venues_level_turned_round():
    assert read_margin_ratio("kraken", "balances/1", payload("balances")) == Decimal("0.04")
    none = payload("balances").replace(b'"m": "14400.0000"', b'"m": "0.0000"')
    assert read_margin_ratio("kraken", "balances/1", none) is None


def test_positions_of_a_pair_and_side_are_one_at_their_average_price(read):
    (fact,) = read("positions/1", "positions").facts
    lines = [(line.instrument, line.quantity, line.entry_price) for line in fact.body.lines]
    assert lines == [
        ("kraken-margin:XETHZEUR", Decimal(-1), Decimal(2500)),  # told by its short name, ETHEUR
        ("kraken-margin:XXBTZUSD", Decimal("-0.3"), Decimal(87000)),
        ("kraken-margin:XXBTZUSD", Decimal("0.5"), Decimal(87200)),  # 0.4 at 87,000 and 0.1 at 88,000
    ]


# -- trades ---------------------------------------------------------------------------------------


def test_a_trade_is_stated_with_what_the_ledger_booked(read):
    tags = "OSPOT1-AAAAA-AAAAAA=mm1,OMARG1-AAAAA-AAAAAA="
    found = by_id(read("trades/1", "trades", local_order_tags=tags, **trade_note()))
    assert found["trade:TSPOTA-BUYAA-AAAAAA"] == Trade(
        wallet="main",
        instrument="kraken:XXBTZUSD",
        quantity=Decimal("0.02"),
        price=Decimal("87000.1"),
        cost=Amount(Decimal("-1740.0021"), USD),  # as booked; the trade itself says 1740.00200
        realised=None,
        fees=(Amount(Decimal("-4.524"), USD),),
        order_id="OSPOT1-AAAAA-AAAAAA",
        tag="mm1",
    )
    opened, closed = (found[f"trade:TMARGN-{name}-AAAAAA"] for name in ("OPENA", "CLOSE"))
    assert (opened.instrument, opened.quantity, opened.realised) == (
        "kraken-margin:XXBTZUSD",
        Decimal("0.1"),
        Amount(Decimal(0), USD),
    )
    assert (closed.quantity, closed.realised) == (Decimal("-0.1"), Amount(Decimal("125.25"), USD))
    assert closed.fees == (Amount(Decimal("-3.52"), USD),)
    times = {fact.occurred_at for fact in read("trades/1", "trades", **trade_note()).facts}
    assert datetime(2026, 1, 1, 0, 35, 0, 178100, tzinfo=UTC) in times


def test_a_trade_without_entries_waits_and_one_without_a_note_speaks_for_itself(read):
    waiting = read("trades/1", "trades", **trade_note(**{"TSPOTA-BUYAA-AAAAAA": []}))
    assert [(one.subject, one.lost) for one in waiting.problems] == [("TSPOTA-BUYAA-AAAAAA", True)]
    alone = by_id(read("trades/1", "trades"))["trade:TSPOTA-BUYAA-AAAAAA"]
    assert alone.cost == Amount(Decimal("-1740.002"), USD)
    assert alone.fees == (Amount(Decimal("-4.52401"), USD),)


def test_a_coin_that_was_changed_into_its_own_variant_is_no_trade(read):
    swapped = {
        **json.loads(payload("trades"))["result"]["trades"]["TSPOTA-BUYAA-AAAAAA"],
        "pair": "ETH2.SETH",
    }
    page = {"error": [], "result": {"trades": {"TSWAP": swapped}, "count": 1}}
    lines = [["trade", "ETH2.S", "1.0", "0"], ["trade", "XETH", "-0.999", "0.001"]]
    note = {"since": "2026-01-01T00:00:00Z", "booked": {"TSWAP": lines}}
    parsed = stated("trades/1", json.dumps(page).encode(), market(), local_ledger=json.dumps(note))
    assert {key: (one.kind, one.amount) for key, one in by_id(parsed).items()} == {
        "trade:TSWAP:realised": (CashKind.REALISED, Amount(Decimal("0.001"), ETH)),
        "trade:TSWAP:fee": (CashKind.FEE, Amount(Decimal("-0.001"), ETH)),
    }
    assert parsed.problems == ()


def test_a_position_that_is_settled_in_kind_is_closed_without_cash_of_its_own(read):
    rows = json.loads(payload("trades"))
    settled = {**rows["result"]["trades"]["TMARGN-CLOSE-AAAAAA"], "ordertype": "settle-position", "misc": ""}
    rows["result"]["trades"] = {"TSETTLE-1": settled}
    (fact,) = stated("trades/1", json.dumps(rows).encode(), market(), **trade_note()).facts
    assert (fact.body.quantity, fact.body.realised) == (Decimal("-0.1"), Amount(Decimal(0), USD))


def test_a_trade_on_margin_waits_for_what_it_realised():
    note = json.loads(trade_note()["local_ledger"])
    del note["booked"]["TMARGN-CLOSE-AAAAAA"]
    told = {"local_ledger": json.dumps(note)}
    parsed = stated("trades/1", payload("trades"), market(), **told)
    assert "trade:TMARGN-CLOSE-AAAAAA" not in by_id(parsed)
    assert [(one.subject, one.lost) for one in parsed.problems] == [("TMARGN-CLOSE-AAAAAA", True)]
    note["booked"]["TMARGN-CLOSE-AAAAAA"] = []  # all its entries are there, and settle it in kind
    parsed = stated("trades/1", payload("trades"), market(), local_ledger=json.dumps(note))
    assert by_id(parsed)["trade:TMARGN-CLOSE-AAAAAA"].realised == Amount(Decimal(0), USD)
    assert parsed.problems == ()


def test_a_liquidation_takes_from_several_coins():
    note = json.loads(trade_note()["local_ledger"])
    lines = [["margin", "ZUSD", "-500", "3.52"], ["margin", "XXBT", "-0.01", "0"]]
    note["booked"]["TMARGN-CLOSE-AAAAAA"] = lines
    found = by_id(stated("trades/1", payload("trades"), market(), local_ledger=json.dumps(note)))
    closed = found["trade:TMARGN-CLOSE-AAAAAA"]
    assert (closed.realised, closed.fees) == (Amount(Decimal(-500), USD), (Amount(Decimal("-3.52"), USD),))
    other = found[f"trade:TMARGN-CLOSE-AAAAAA:{BTC}"]
    assert (other.kind, other.amount, other.instrument) == (
        CashKind.REALISED,
        Amount(Decimal("-0.01"), BTC),
        "kraken-margin:XXBTZUSD",
    )


def test_trades_before_the_noted_instant_were_stated_by_the_sync_before(read):
    note = json.loads(trade_note()["local_ledger"])
    note["since"] = "2026-01-01T00:36:00Z"
    assert set(by_id(read("trades/1", "trades", local_ledger=json.dumps(note)))) == {
        "trade:TMARGN-OPENA-AAAAAA",
        "trade:TMARGN-CLOSE-AAAAAA",
    }


def test_a_delisted_pair_gets_its_terms_from_the_coins_that_were_booked():
    parsed = stated("trades/1", payload("trades"), EMPTY, **trade_note())
    assert [(one.id, one.base, one.quote) for one in parsed.instruments] == [("kraken:XXBTZUSD", BTC, USD)]
    assert set(by_id(parsed)) == {"trade:TSPOTA-BUYAA-AAAAAA"}
    assert {one.subject for one in parsed.problems if one.lost} == {"kraken-margin:XXBTZUSD"}


# -- the ledger -----------------------------------------------------------------------------------


def test_the_ledger_states_each_movement_once_and_leaves_trades_to_their_list(read):
    parsed = read("ledgers/1", "ledgers", **ledger_note())
    found = by_id(parsed)
    transfers = {key: one for key, one in found.items() if isinstance(one, Transfer)}
    assert {key: (one.kind, one.counterpart, one.amount.number) for key, one in transfers.items()} == {
        "ledger:LDEPOSI-AAAAA-AAAAA1": (TransferKind.EXTERNAL, "", Decimal(10000)),
        "ledger:LWITHDR-AAAAA-AAAAA1": (TransferKind.EXTERNAL, "bc1qexample", Decimal("-0.5")),
        "ledger:LFUTURE-AAAAA-AAAAA1": (TransferKind.INTERNAL, "krakenfutures", Decimal(-1000)),
        "ledger:LAIRDRO-AAAAA-AAAAA1": (TransferKind.INTERNAL, "", Decimal("3.25")),
    }
    withdrawal = transfers["ledger:LWITHDR-AAAAA-AAAAA1"]
    assert (withdrawal.txid, withdrawal.fee) == ("4c7b1f2e9d", Amount(Decimal("-0.0002"), BTC))
    assert transfers["ledger:LDEPOSI-AAAAA-AAAAA1"].txid == "WIRE-0001"
    cash = {key: (one.kind, one.amount) for key, one in found.items() if isinstance(one, CashFlow)}
    assert cash == {
        "ledger:LREWARD-AAAAA-AAAAA1": (CashKind.REWARD, Amount(Decimal("0.0001"), BTC)),
        "ledger:LROLLOV-AAAAA-AAAAA1": (CashKind.INTEREST, Amount(Decimal("-1.74"), USD)),
        "ledger:LRECEIV-AAAAA-AAAAA1": (CashKind.REALISED, Amount(Decimal("99.5"), USDT)),
        "ledger:LSPENDX-AAAAA-AAAAA1": (CashKind.REALISED, Amount(Decimal(-100), USD)),
        "ledger:LSPENDX-AAAAA-AAAAA1:fee": (CashKind.FEE, Amount(Decimal("-0.5"), USD)),
        "ledger:LSETTLD-AAAAA-AAAAA1": (CashKind.REALISED, Amount(Decimal(-870), USD)),
        "ledger:LADJUST-AAAAA-AAAAA1": (CashKind.REWARD, Amount(Decimal(5), USD)),
    }
    assert [problem.subject for problem in parsed.problems] == ["adjustment"]


@pytest.mark.parametrize(
    ("kind", "subtype"), [("withdrawal", "spottofutures"), ("deposit", "spotfromfutures")]
)
def test_a_deposit_from_futures_is_a_transfer_between_own_places(kind, subtype):
    page = json.loads(payload("ledgers"))
    row = {**page["result"]["ledger"]["LFUTURE-AAAAA-AAAAA1"], "type": kind, "subtype": subtype}
    page["result"]["ledger"] = {"LFUTURE-AAAAA-AAAAA1": row}
    (fact,) = stated("ledgers/1", json.dumps(page).encode(), EMPTY, **ledger_note()).facts
    assert (fact.body.kind, fact.body.counterpart) == (TransferKind.INTERNAL, "krakenfutures")


def test_the_facts_of_ledger_and_trades_together_are_the_change_of_each_balance(read):
    """The independent oracle is the ledger's own balance after each entry."""
    facts = [
        *read("ledgers/1", "ledgers", **ledger_note()).facts,
        *read("trades/1", "trades", **trade_note()).facts,
    ]
    moved = {}
    for one in (fact.body for fact in facts):
        parts = [one.amount, one.fee] if isinstance(one, Transfer) else [getattr(one, "amount", None)]
        if isinstance(one, Trade):
            parts = [one.cost, one.realised, *one.fees]
            if one.cost is not None:
                parts.append(Amount(one.quantity, BTC))
        for part in filter(None, parts):
            moved[part.asset] = moved.get(part.asset, Decimal(0)) + part.number
    assert moved == {
        USD: Decimal("25435.21") - Decimal("19028.7261"),
        BTC: Decimal("1.2435") - Decimal("1.9736") + Decimal("0.25"),
        USDT: Decimal("99.5"),
        EUR: Decimal("3.25"),
    }


def test_entries_that_wait_or_were_stated_before_state_nothing(read):
    waiting = frozenset({"LWITHDR-AAAAA-AAAAA1"})
    later = ledger_note(since=T0 + timedelta(seconds=2700), waiting=waiting)
    assert set(by_id(read("ledgers/1", "ledgers", **later))) == {
        "ledger:LFUTURE-AAAAA-AAAAA1",
        "ledger:LREWARD-AAAAA-AAAAA1",
    }


@pytest.mark.parametrize("sides", [{}, dict.fromkeys(EARN_LINES, ("USDT", "XXBT"))])
def test_sides_of_a_move_to_earn_are_transfers_where_they_are_alone_or_two_assets(read, sides):
    found = by_id(read("ledgers/1", "ledgers", **ledger_note(within=sides)))
    moves = [found[f"ledger:{entry}"] for entry in EARN_LINES]
    assert [(one.counterpart, one.amount.number) for one in moves] == [
        ("earn", Decimal("0.2499")),
        ("earn", Decimal("-0.2499")),
    ]


def test_an_entry_of_a_trade_that_is_not_listed_is_cash_and_told(read):
    parsed = read("ledgers/1", "ledgers", **ledger_note(traded=frozenset(MARGIN_LINES)))
    found = by_id(parsed)
    assert found["ledger:LTRADEB-AAAAA-AAAAA1"].kind is CashKind.REALISED
    assert found["ledger:LTRADEQ-AAAAA-AAAAA1:fee"].amount == Amount(Decimal("-4.524"), USD)
    assert sum("does not have" in problem.message for problem in parsed.problems) == 2


def test_a_page_whose_balances_do_not_follow_from_its_entries_is_told(read):
    broken = (
        payload("ledgers")
        .replace(b'"balance": "16435.2100"', b'"balance": "16435.2100"')
        .replace(b'"amount": "-870.0000"', b'"amount": "-869.0000"')
    )
    parsed = stated("ledgers/1", broken, EMPTY, **ledger_note())
    assert any("differ by -1" in problem.message for problem in parsed.problems)


@pytest.mark.parametrize(
    "name", ["time", "orders", "queried-orders", "allocations", "deposits", "withdrawals"]
)
def test_what_states_nothing_is_kept_as_evidence(read, name):
    assert read(f"{name}/1", name).facts == ()


def test_a_refusal_is_no_answer():
    for endpoint in ("balances/1", "ledgers/1", "pairs/1", "positions/1"):
        with pytest.raises(MalformedPayloadError):
            stated(endpoint, b'{"error":["EService:Unavailable"]}')


def test_the_vendors_own_examples(read):
    (fact,) = read("positions/1", "positions-documented").facts
    (line,) = fact.body.lines
    assert (line.instrument, line.quantity) == ("kraken-margin:XXBTZUSD", Decimal("16.62312861"))
    cost = Decimal("104610.52842") * Decimal("8.62212861") / Decimal("8.82412861")
    rest = Decimal("145756.76856") + Decimal("0.00240") + Decimal("2.40000") + Decimal("21.59760")
    assert abs(line.entry_price - (cost + rest) / line.quantity) < Decimal("1e-15")
    trades = read("trades/1", "trades-documented").facts
    assert [one.body.cost.number for one in trades] == [Decimal("-600.2"), Decimal("-300.1")]
    assert read("ledgers/1", "ledgers-documented").facts == ()  # its trades are stated by their own list
    (held,) = read("balances/1", "balances-documented").facts
    assert {one.asset: one.total for one in held.body.lines} == {
        USD: Decimal("25435.21"),
        BTC: Decimal("1.2435"),
    }
