"""What Hyperliquid's answers state: each dollar once however collateral is pooled, each movement once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect.errors import MalformedPayloadError
from truenav.core.asset import BTC, USDC
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    CashKind,
    PositionSnapshot,
    QuoteKind,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.instrument import InstrumentKind
from truenav.core.money import exact

OTHER = "0x00000000000000000000000000000000000000bb"


def balances(parsed, wallet="main"):
    (found,) = (one.body for one in parsed.facts if isinstance(one.body, BalanceSnapshot))
    assert found.wallet == wallet
    return {line.asset: line.total for line in found.lines}


def moved(parsed):
    """Transfers and flows, short."""
    found = []
    for body in (fact.body for fact in parsed.facts):
        kind = body.kind.value
        where = body.counterpart if isinstance(body, Transfer) else body.wallet
        fee = getattr(body, "fee", None)
        found.append((kind, where, body.amount.number, body.amount.asset, fee and fee.number))
    return found


def ledger(lab, **delta):
    row = {"time": 1788253200000, "hash": "0x" + "1" * 64, "delta": delta}
    return lab.stated("ledger/1", [row])


def test_every_balance_is_the_sum_of_what_moved_it(lab):
    async def run():
        async with lab.line(lab.venue()) as line:
            return await line.gather(lab.known())

    found = asyncio.run(run())
    assert found.failures == ()
    sums, held = defaultdict(Decimal), {}
    with exact():
        for body in (fact.body for fact in found.facts):
            parts = []
            if isinstance(body, Trade):
                parts = [part for part in (body.cost, body.realised, *body.fees) if part]
                if body.instrument == "hyperliquid:@107":
                    sums["main", "HYPE"] += body.quantity
            elif isinstance(body, CashFlow | Transfer):
                parts = [part for part in (body.amount, getattr(body, "fee", None)) if part]
            elif isinstance(body, Settlement):
                parts = [body.cash]
            elif isinstance(body, BalanceSnapshot):
                held |= {(body.wallet, line.asset): line.total for line in body.lines}
            for part in parts:
                sums[body.wallet, part.asset] += part.number
    sums["vaults", USDC] += Decimal("12.25")  # what the vault earned, which no row tells
    assert dict(sums) == held


@pytest.mark.parametrize("mode", ["unifiedAccount", "portfolioMargin"])
def test_in_a_pooled_account_the_spot_dollars_are_all_there_are(lab, mode):
    _, spot, perps = lab.saved("balances")
    spot["balances"][0] |= {"total": "14973.336", "borrowed": "0.0"}
    spot["balances"][1] |= {"total": "16.98", "borrowed": "10.0", "supplied": "3.0"}
    found = balances(lab.stated("balances/1", [mode, spot, perps], lab.known()))
    assert found == {USDC: Decimal("14863.336"), "HYPE": Decimal("6.98")}


@pytest.mark.parametrize("mode", [None, "default", "dexAbstraction"])
def test_a_separate_account_has_spot_and_perpetual_dollars(lab, mode):
    _, spot, perps = lab.saved("balances")
    assert balances(lab.stated("balances/1", [mode, spot, perps], lab.known()))[USDC] == Decimal("14863.336")


def test_a_mode_that_is_not_known_and_positions_that_are_missing_are_refused(lab):
    mode, spot, perps = lab.saved("balances")
    with pytest.raises(MalformedPayloadError, match="hedgeFund"):
        lab.stated("balances/1", ["hedgeFund", spot, perps])
    with pytest.raises(MalformedPayloadError, match="no position is listed"):
        lab.stated("balances/1", [mode, spot, {**perps, "assetPositions": []}])


def test_a_contract_of_a_thousand_coins_is_valued_by_the_coin(lab):
    terms = {one.code: one for one in lab.known().instruments.instruments.values()}
    pepe = terms["kPEPE"]
    assert (pepe.base, pepe.multiplier, pepe.settle) == ("PEPE", 1000, USDC)
    found = lab.stated("balances/1", lab.saved("balances"), lab.known())
    (held,) = (fact.body for fact in found.facts if isinstance(fact.body, PositionSnapshot))
    assert [(line.instrument, line.quantity, line.entry_price) for line in held.lines] == [
        ("hyperliquid:BTC", Decimal("0.2"), 64000),
        ("hyperliquid:kPEPE", -100000, Decimal("0.000012")),
    ]
    marks = {fact.body.base: fact.body.price for fact in lab.stated("perps/1", lab.saved("perps")).facts}
    profit = (marks[pepe.id] - held.lines[1].entry_price) * held.lines[1].quantity * pepe.multiplier
    assert profit == 10


def test_an_entry_price_that_was_rounded_is_told_by_the_open_profit(lab):
    mode, spot, perps = lab.saved("balances")
    perps["assetPositions"][0]["position"] |= {"entryPx": "64001.2", "unrealizedPnl": "99.754321"}
    found = lab.stated("balances/1", [mode, spot, perps], lab.known())
    (held,) = (fact.body for fact in found.facts if isinstance(fact.body, PositionSnapshot))
    assert held.lines[0].entry_price == Decimal("64001.228395")


def test_markets_are_named_as_the_venue_names_them(lab):
    terms = {one.code: one for one in lab.known().instruments.instruments.values()}
    assert set(terms) == {"@107", "@142", "BTC", "ETH", "FTM", "HYPE", "kPEPE"}
    assert (terms["@107"].kind, terms["@107"].base, terms["@142"].base) == (InstrumentKind.SPOT, "HYPE", BTC)
    quotes = {
        fact.body.base: fact.body
        for endpoint in ("perps", "pairs")
        for fact in lab.stated(f"{endpoint}/1", lab.saved(endpoint)).facts
    }
    assert "hyperliquid:FTM" not in quotes  # delisted
    assert (quotes["hyperliquid:BTC"].kind, quotes["hyperliquid:BTC"].price) == (QuoteKind.MARK, 64500)
    assert (quotes["HYPE"].price, quotes["HYPE"].volume) == (Decimal("41.5"), 2450000)


def test_a_stream_tells_the_same_prices_and_more_is_not_taken_for_one(lab):
    messages = lab.saved("stream-context")
    told = [lab.stated("stream.context/1", one, lab.known()).facts for one in messages]
    assert [[fact.body.price for fact in facts] for facts in told] == [
        [],
        [Decimal("0.00001195")],
        [Decimal("41.75")],
        [],
    ]


def test_a_fee_holds_the_builders_share_and_may_be_in_the_coin_bought(lab):
    told = lab.stated("fills/1", lab.saved("fills"), lab.known())
    trades = {fact.external_id: fact.body for fact in told.facts if isinstance(fact.body, Trade)}
    bought = trades["fill:700001:9001"]
    assert (bought.quantity, bought.cost.number, bought.realised) == (30, -1200, None)
    assert (bought.fees[0].number, bought.fees[0].asset) == (Decimal("-0.02"), "HYPE")
    assert trades["fill:700005:9005"].fees[0].number == Decimal("-17.6")
    assert trades["fill:700006:9006"].fees[0].number == Decimal("0.39")
    assert trades["fill:700007:9007"].price == Decimal("0.000012")
    (settled,) = (fact for fact in told.facts if isinstance(fact.body, Settlement))
    assert (settled.external_id, settled.body.cash.number) == ("fill:1789041600000:FTM:9004", 20)
    assert [(one.subject, one.lost) for one in told.problems] == [("hyperliquid:xyz", False)]


def test_a_transfer_is_told_from_the_side_of_the_address(lab):
    """What is sent costs the sender; to oneself, from book to book, nothing moves but the fee."""

    def sent(user, destination, **more):
        delta = {"token": "USDC", "amount": "50.0", "fee": "1.0", "nativeTokenFee": "0.0", "feeToken": "USDC"}
        books = {"sourceDex": "spot", "destinationDex": ""}
        found = ledger(lab, type="send", user=user, destination=destination, **{**delta, **books, **more})
        return moved(found)

    own = lab.address
    assert sent(own, OTHER) == [("external", OTHER, -50, USDC, -1)]
    assert sent(OTHER, own.upper().replace("0X", "0x")) == [("external", OTHER, 50, USDC, None)]
    assert sent(own, own) == [("fee", "main", -1, USDC, None)]
    assert sent(own, own, sourceDex="xyz", fee="0.0") == [("internal", "dex:xyz", 50, USDC, None)]
    assert sent(own, own, sourceDex="xyz", destinationDex="flx") == []
    assert sent(own, OTHER, token="HYPE", fee="0", nativeTokenFee="0.1") == [
        ("external", OTHER, -50, "HYPE", Decimal("-0.1"))
    ]
    with pytest.raises(MalformedPayloadError, match="neither address"):
        ledger(lab, type="internalTransfer", usdc="5", user=OTHER, destination=OTHER, fee="0")


def test_the_fee_of_dollars_sent_is_a_part_of_them(lab):
    """To a new address one dollar of 150 stays with the venue: 150 leave and 149 arrive."""
    delta = {"type": "internalTransfer", "usdc": "150.0", "fee": "1.0"}
    sent = moved(ledger(lab, user=lab.address, destination=OTHER, **delta))
    assert sent == [("external", OTHER, -149, USDC, -1)]
    received = moved(ledger(lab, user=OTHER, destination=lab.address, **delta))
    assert received == [("external", OTHER, 149, USDC, None)]
    free = moved(ledger(lab, user=lab.address, destination=OTHER, **{**delta, "fee": "0.0"}))
    assert free == [("external", OTHER, -150, USDC, None)]


def test_staking_and_vaults_are_places_of_ours(lab):
    staked = ledger(lab, type="cStakingTransfer", token="HYPE", amount="4.0", isDeposit=False)
    assert moved(staked) == [("internal", "staking", 4, "HYPE", None), ("internal", "main", -4, "HYPE", None)]
    paid = ledger(lab, type="vaultDistribution", vault=OTHER, usdc="7.5")
    assert moved(paid)[0] == ("internal", "vaults", Decimal("7.5"), USDC, None)
    opened = ledger(lab, type="vaultCreate", vault=OTHER, usdc="100.0", fee="100.0")
    assert moved(opened)[2] == ("fee", "main", -100, USDC, None)
    own = ledger(lab, type="vaultDeposit", vault=lab.address, usdc="7.5", user=OTHER)
    assert (own.facts, [one.lost for one in own.problems]) == ((), [True])


@pytest.mark.parametrize(
    ("delta", "kind", "number"),
    [
        ({"type": "borrowLend", "operation": "repay", "interestAmount": "0.3"}, CashKind.INTEREST, "-0.3"),
        ({"type": "borrowLend", "operation": "withdraw", "interestAmount": "0.3"}, CashKind.INTEREST, "0.3"),
        ({"type": "vaultLeaderCommission", "user": OTHER, "usdc": "3"}, CashKind.REWARD, "3"),
        ({"type": "accountActivationGas", "amount": "1.0"}, CashKind.FEE, "-1"),
    ],
)
def test_costs_rewards_and_interest_have_their_sign(lab, delta, kind, number):
    (fact,) = ledger(lab, token="USDC", amount=delta.pop("amount", "10.0"), **delta).facts
    assert (fact.body.kind, fact.body.amount.number) == (kind, Decimal(number))


def test_rows_of_the_ledger_that_say_nothing_known_are_told(lab):
    found = ledger(lab, type="teleport", usdc="5")
    assert (found.facts, [(one.subject, one.lost) for one in found.problems]) == (
        (),
        [("hyperliquid:teleport", True)],
    )
    with pytest.raises(MalformedPayloadError, match="does not name"):
        lab.stated("ledger/1", lab.saved("ledger"), user="")


def test_alike_rows_of_one_transaction_are_two_movements(lab):
    row = next(one for one in lab.saved("ledger") if one["delta"]["type"] == "deposit")
    twice = lab.stated("ledger/1", [row, row])
    assert len({fact.external_id for fact in twice.facts}) == 2
    assert {fact.body.kind for fact in twice.facts} == {TransferKind.EXTERNAL}


def test_money_on_other_builders_markets_is_told_and_an_empty_one_is_not(lab):
    found = lab.stated("dexes/1", lab.saved("dexes"))
    assert [(one.subject, one.lost) for one in found.problems] == [("hyperliquid:xyz", False)]
    with pytest.raises(MalformedPayloadError, match="as many states"):
        lab.stated("dexes/1", lab.saved("dexes")[:2])


def test_a_token_that_nobody_mapped_keeps_its_name(lab):
    mode, spot, perps = lab.saved("balances")
    spot["balances"][2]["total"] = "5.0"
    found = lab.stated("balances/1", [mode, spot, perps], lab.known())
    assert balances(found)["hyperliquid:PURR"] == 5
    assert [one.subject for one in found.problems] == ["hyperliquid:PURR"]


NOISE = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
ENDPOINTS = (
    "balances",
    "fills",
    "funding",
    "ledger",
    "perps",
    "pairs",
    "dexes",
    "staking",
    "vaults",
    "rewards",
)


@given(st.sampled_from(ENDPOINTS), NOISE, st.data())
def test_noise_is_refused_and_nothing_else_is_raised(endpoint, value, data):
    """As a whole answer, and in the place of one field of a good one."""
    from .conftest import saved, stated

    whole = saved(endpoint)
    inner = whole
    while isinstance(inner, list | dict) and inner:
        keys = range(len(inner)) if isinstance(inner, list) else sorted(inner)
        place, key = inner, data.draw(st.sampled_from(keys))
        inner = inner[key]
        if data.draw(st.booleans()):
            break
    place[key] = value
    for document in (value, whole):
        try:
            stated(f"{endpoint}/1", document)
        except MalformedPayloadError:
            continue
