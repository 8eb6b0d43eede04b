"""What came in is no gain, and a drawdown is measured from the highest level so far."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.portfolio.intraday import drawdowns, flows_by_node
from truenav.calc.portfolio.tree import Tree
from truenav.core.asset import USD
from truenav.core.facts import Dealing, DealingKind, Fact, Transfer, TransferKind
from truenav.core.ids import AccountId, NodeId, Sha256, ShareClassId
from truenav.core.money import Amount, AssetId
from truenav.core.portfolio import ByAsset, ByShare, Node, NodeKind, SubBookRule

AT = datetime(2026, 1, 31, tzinfo=UTC)
BTC = AssetId("test:BTC")
TREE = Tree(
    [
        Node(NodeId("fof"), "FoF", NodeKind.FUND_OF_FUNDS),
        Node(NodeId("fund"), "Fund", NodeKind.FUND, NodeId("fof")),
        Node(NodeId("carry"), "Carry", NodeKind.STRATEGY, NodeId("fund")),
        Node(NodeId("trend"), "Trend", NodeKind.STRATEGY, NodeId("fund")),
    ]
)
DESK = AccountId("desk")
RULES = {
    DESK: (
        SubBookRule(DESK, 0, NodeId("trend"), ByAsset((BTC,))),
        SubBookRule(DESK, 1, NodeId("carry"), ByShare(Decimal("0.75"))),
        SubBookRule(DESK, 2, NodeId("trend"), ByShare(Decimal(1))),
    )
}
PRICES = {USD: Decimal(1), BTC: Decimal(50_000)}


def _fact(body, account="desk"):
    return Fact("test", account, "x", AT, body, Sha256("0" * 64))


def _transfer(number, asset=USD, fee=None):
    return _fact(Transfer("main", Amount(Decimal(number), asset), TransferKind.EXTERNAL, fee=fee))


def _flows(*facts, unit_prices=None):
    return flows_by_node(
        facts, TREE, RULES, price_of=lambda _, asset: PRICES.get(asset), unit_prices=unit_prices or {}
    )


def test_a_transfer_counts_where_the_rules_put_its_asset():
    assert _flows(_transfer(1000), _transfer("-0.1", BTC)) == {
        "carry": Decimal(750),
        "trend": Decimal(250) - 5000,
        "fund": Decimal(1000) - 5000,
    }


def test_a_fee_is_a_cost_and_no_flow():
    assert _flows(_transfer(100, fee=Amount(Decimal(-1), USD)))["fund"] == 100


def test_a_flow_without_a_price_is_unknown_up_to_its_fund():
    flows = _flows(_transfer(1000), _transfer(5, AssetId("test:NEW")))
    assert flows == {"carry": None, "trend": None, "fund": None}


def test_units_that_a_fund_of_funds_bought_came_into_it_and_not_into_the_fund():
    dealing = Dealing(
        DealingKind.SUBSCRIPTION,
        NodeId("fund"),
        ShareClassId("a"),
        "node:fof",
        Decimal(10),
        Amount(Decimal(1000), USD),
    )
    flows = _flows(_fact(dealing, "fund"), unit_prices={ShareClassId("a"): Decimal("101.5")})
    assert flows == {"fof": Decimal(1015)}


def test_another_investors_units_are_no_flow_of_a_node():
    dealing = Dealing(
        DealingKind.REDEMPTION,
        NodeId("fund"),
        ShareClassId("a"),
        "family-office",
        Decimal(10),
        Amount(Decimal(1000), USD),
    )
    assert _flows(_fact(dealing, "fund")) == {}


@given(st.lists(st.decimals(1, 1000, places=2), max_size=30))
def test_a_drawdown_is_never_above_zero_and_zero_at_each_high(levels):
    falls = drawdowns(levels)
    assert len(falls) == len(levels)
    for place, (level, fall) in enumerate(zip(levels, falls, strict=True)):
        highest = max(levels[: place + 1])
        assert Decimal(-1) < fall <= 0
        assert (fall == 0) == (level == highest)


def test_a_known_drawdown():
    levels = [Decimal(text) for text in ("0", "100", "80", "120", "90")]
    assert drawdowns(levels) == (0, 0, Decimal("-0.2"), 0, Decimal("-0.25"))
