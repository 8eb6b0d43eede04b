"""What a dropped file is: recognised whatever became of its header, drafted if unknown, or asked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from truenav.connect.files import layout_from_json, layout_to_json, layouts, sniff
from truenav.connect.files.layouts import known_headers
from truenav.connect.files.mapping import BadLayoutError
from truenav.connect.files.sniff import Kind
from truenav.connect.files.times import TimeRule

from .support import facts, problem, read

KRAKEN = "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance"
ROW = "L1,R1,2024-01-01 10:00:00,deposit,,currency,ETH,1,0,1"


def look(text: str):
    return sniff("export.csv", text.encode())


def test_every_known_header_is_told_by_name_and_every_layout_by_its_own():
    for title, header in known_headers():
        line = ",".join('"x"' if name == "*" else f'"{name.replace("*", "x")}"' for name in header)
        found = look(line + "\n")
        assert found.kind in (Kind.LAYOUT, Kind.KNOWN), title
        assert found.title
    for layout in layouts().values():
        for header in layout.headers:
            line = ",".join(f'"{name.replace("*", "UTC")}"' for name in header)
            found = look(line + "\n")
            names = {one.name for one in (*found.candidates, found.layout) if one}
            assert layout.name in names, header


@pytest.mark.parametrize(
    "text",
    [
        f"{KRAKEN}\n{ROW}\n",
        f"\ufeff{KRAKEN.upper()}\r\n{ROW}\r\n",
        f"{KRAKEN.replace(',', ';')}\n{ROW.replace(',', ';')}\n",
        f"{KRAKEN.replace(',', chr(9))}\n{ROW.replace(',', chr(9))}\n",
        f"{KRAKEN},note\n{ROW},hello\n",
        f"Ledger of ada\nFrom,2024-01-01\n\n{KRAKEN}\n{ROW}\n",
        ",".join(reversed(KRAKEN.split(","))) + "\n" + ",".join(reversed(ROW.split(","))) + "\n",
        json.dumps([dict(zip(KRAKEN.split(","), ROW.split(","), strict=True))]),
        json.dumps(dict(zip(KRAKEN.split(","), ROW.split(","), strict=True))) + "\n",
        json.dumps({"result": [dict(zip(KRAKEN.split(","), ROW.split(","), strict=True))]}, indent=1),
    ],
)
def test_a_layout_is_recognised_in_any_order_case_delimiter_and_form(text):
    found = look(text)
    assert (found.kind, found.questions) == (Kind.LAYOUT, ())
    assert found.layout.name == "kraken-ledger"
    (fact,) = facts(text, found.layout)
    assert fact.body.amount.number == 1


def test_what_follows_a_wrapped_list_of_rows_is_not_dropped_in_silence():
    row = json.dumps(dict(zip(KRAKEN.split(","), ROW.split(","), strict=True)))
    text = f'{{"page": [{row}], "next": [{row}]}}'
    assert "follows" in problem(text, layouts()["kraken-ledger"]).message


def test_dots_for_spaces_in_a_header_do_not_matter():
    header = "Timestamp..UTC.,Transaction.Description,Currency,Amount,To.Currency,To.Amount,Native.Currency"
    header += ",Native.Amount,Native.Amount..in.USD.,Transaction.Kind"
    assert look(header + "\n").layout.name == "crypto-com"


def test_a_template_is_known_by_its_columns():
    found = look("account,as_of,asset,amount\na,2024-01-01T00:00:00Z,BTC,1\n")
    assert (found.kind, found.template) == (Kind.TEMPLATE, "balances")


def test_the_zone_in_a_column_name_is_the_zone():
    head = "UID,Account Type,Time(UTC+08:00),Coin,Amount,Fee,Hash,Deposit Address,Transfer Network"
    head += ",Status,Remarks\n"
    found = look(head + "1,a,2024-01-01 08:00:00,ETH,1,0,h,d,n,SUCCESS,\n")
    assert found.layout.times.zone == "+08:00"
    assert found.questions == ()


def test_two_layouts_of_one_header_are_asked_for_and_a_saved_one_decides():
    head = "Date(UTC),Coin,Amount,TransactionFee,Address,TXID,SourceAddress,PaymentID,Status\n"
    found = look(head)
    assert found.layout is None
    (question,) = found.questions
    assert (question.about, set(question.choices)) == ("layout", {one.name for one in found.candidates})
    own = replace(found.candidates[1], name="mine")
    again = sniff("export.csv", head.encode(), (own,))
    assert again.layout.name == "mine"


def test_days_and_months_that_the_sample_cannot_tell_apart_are_asked_for():
    head = '"Type","Buy","Cur.","Sell","Cur.","Fee","Cur.","Exchange","Group","Comment","Date"\n'
    found = look(head + '"Deposit","5","BTC","-","","-","","X","","","5/9/2017 21:14"\n')
    assert {question.about for question in found.questions} == {"days", "zone"}
    with pytest.raises(BadLayoutError, match="form of times"):
        read(head, found.layout)
    sure = look(head + '"Deposit","5","BTC","-","","-","","X","","","5/19/2017 21:14"\n')
    assert sure.layout.times.formats == ("%m/%d/%Y %H:%M",)


UNKNOWN = [
    (
        "Zeitstempel;Art;Betrag;Währung;Gebühr\n31.12.2024 10:00;Einzahlung;1.234,50;EUR;0\n"
        "31.12.2024 11:00;Auszahlung;10,00;EUR;1,50\n",
        ["transfer 1234.5", "transfer -10"],
    ),
    (
        "Fecha,Tipo,Importe,Moneda\n2024-01-01T10:00:00Z,Depósito,5,BTC\n2024-01-02T10:00:00Z,Retiro,2,BTC\n",
        ["transfer 5", "transfer -2"],
    ),
    (
        "日時,種別,数量,通貨\n2024/01/31 10:00:00,入金,5,BTC\n2024/01/31 11:00:00,手数料,0.1,BTC\n",
        ["transfer 5", "cash_flow -0.1"],
    ),
    (
        "时间,类型,数量,币种\n2024-01-01 10:00:00,充值,5,BTC\n2024-01-01 11:00:00,奖励,1,BTC\n",
        ["transfer 5", "cash_flow 1"],
    ),
    ("Дата,Операция,Сумма,Валюта\n31.01.2024 10:00:00,Пополнение,5,USDT\n", ["transfer 5"]),
    (
        "Executed At,Trading Pair,Side,Filled Qty,Avg Price,Commission,Commission Asset,Trade ID\n"
        "2024-01-01T10:00:00Z,BTC/USDT,buy,0.5,40000,20,USDT,1\n2024-01-01T11:00:00Z,ETH/USDT,sell,2,2000,4,USDT,2\n",
        ["trade 0.5", "trade -2"],
    ),
    (
        "created_at|sold|sold_currency|bought|bought_currency\n2024-01-01T10:00:00Z|100|USDT|0.05|ETH\n"
        "2024-01-02T10:00:00Z|||1|ETH\n",
        ["trade 0.05", "transfer 1"],
    ),
    (
        "Date UTC,Transaction Type,Change,Coin,Txn ID\n2024-01-01 10:00:00,Staking Rewards,0.5,ETH,a\n"
        "2024-01-02 10:00:00,Withdrawal,-0.2,ETH,b\n",
        ["cash_flow 0.5", "transfer -0.2"],
    ),
    ("Date,Operation,Total Value\n2024-01-01T10:00:00Z,Deposit,5 BTC\n", ["transfer 5"]),
    (
        "Date,Time,Type,Currency,Amount,Quote Currency,Quote Price,Fee currency,Fee amount,Status\n"
        "2024-01-15,10:00:01.5,buy,BTC,0.01,EUR,40000,EUR,1,Completed\n"
        "2024-01-16,09:00:00.5,deposit,EUR,500,,,,,Completed\n2024-01-16,11:00:00.5,sell,BTC,1,EUR,1,,,Failed\n",
        ["trade 0.01", "transfer 500"],
    ),
    (
        "Trade Date;Value Date;Direction;Currency Pair;Notional;Rate;Counter Amount;Trade ID\n"
        "15.01.2024 10:00:00;17.01.2024 00:00:00;BUY;BTC/USD;5,5;40.000,25;220.001,375;X1\n",
        ["trade 5.5"],
    ),
    (
        "Buchungstag;Vorgang;Soll;Haben;Währung;Saldo\n15.01.2024;Einzahlung;;1.000,00;EUR;1.000,00\n"
        "16.01.2024;Auszahlung;200,50;;EUR;799,50\n",
        ["transfer 1000", "transfer -200.5"],
    ),
]


@pytest.mark.parametrize(("text", "stated"), UNKNOWN)
def test_an_export_that_nobody_knows_gets_a_draft_that_states_the_right_facts(text, stated):
    found = look(text)
    assert found.kind is Kind.UNKNOWN
    assert {one.about for one in found.questions} <= {"zone", "fee_included"}
    draft = found.proposal.layout
    draft = replace(draft, times=TimeRule(draft.times.formats, draft.times.zone or "UTC"))
    draft = layout_from_json(layout_to_json(draft))
    said = [f"{fact.kind} {_number(fact)}" for fact in facts(text, draft)]
    assert said == stated
    assert all(guess.confidence > 0 for guess in found.proposal.guesses if guess.field)


def _number(fact) -> str:
    number = fact.body.quantity if fact.kind == "trade" else fact.body.amount.number
    return f"{number.normalize():f}"


def test_two_columns_that_may_be_the_amount_are_asked_for():
    text = "Date,Type,Amount Fiat,Amount Asset,Asset\n2024-01-15T10:00:00Z,deposit,400.00,0.01,BTC\n"
    found = look(text)
    (question,) = found.questions
    assert (question.about, question.choices) == ("columns", ("Amount Fiat", "Amount Asset"))
    with pytest.raises(BadLayoutError, match="No column gives an amount"):
        read(text, found.proposal.layout)


def test_words_that_nobody_knows_are_asked_for_and_refuse_their_rows():
    text = "Date,Type,Amount,Currency\n2024-01-01T10:00:00Z,Deposit,5,BTC\n"
    text += "2024-01-02T10:00:00Z,Frobnicate,1,BTC\n"
    found = look(text)
    (question,) = found.questions
    assert (question.about, question.choices) == ("words", ("Frobnicate",))
    assert problem(text, found.proposal.layout).line == 3


def test_a_saved_draft_recognises_the_next_file_of_its_kind():
    text = UNKNOWN[1][0]
    own = layout_from_json(layout_to_json(replace(look(text).proposal.layout, name="my-bank")))
    again = sniff("february.csv", text.replace("2024-01", "2024-02").encode(), (own,))
    assert (again.kind, again.layout, again.questions) == (Kind.LAYOUT, own, ())


def test_the_sample_shows_the_first_rows_under_the_names_that_layouts_use():
    found = look("Statement of ada\nWhen,Cur.,Sum,Cur.\n2024-01-01,BTC,1,USD\n")
    assert found.columns == ("When", "Cur.", "Sum", "Cur.#2")
    assert found.samples == (("2024-01-01", "BTC", "1", "USD"),)
    assert found.preamble == ("Statement of ada",)
