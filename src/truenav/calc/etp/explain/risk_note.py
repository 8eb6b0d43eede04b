"""What a holder of a leveraged product should know, in plain words with the product's own numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate, islice

from truenav.calc.etp.engine.calendar import instants, microseconds
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.rules import check_product, trigger_leverages
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain import decay
from truenav.core.money import ONE, exact, rounded, to_text
from truenav.core.product import SECONDS_A_DAY, Aim, Exposure, FeeBasis, Product, ShareMerge, Terms

VOLATILITIES = (Decimal("0.4"), Decimal("0.8"), Decimal("1.2"))
"""Of a year: calm, usual and wild days of a large coin."""

CHOP = (Decimal("0.05"), Decimal("-0.05")) * 2
"""Four days that lead nowhere."""

_WEEK = 7 * SECONDS_A_DAY * 1_000_000


class Language(StrEnum):
    """In which a note is written."""

    ENGLISH = "en"
    CHINESE = "zh"


def risk_note(
    product: Product,
    *,
    language: Language = Language.ENGLISH,
    volatilities: Sequence[Decimal] = VOLATILITIES,
) -> tuple[str, ...]:
    """Sentences about a product by the last of its terms, one point each, the most important first.

    Every number is computed from the rules and rounded (half-even) to two decimals of a per cent. Nothing is
    promised: volatility and moves are examples. `ProductRulesError` where the rules cannot be followed.
    """
    check_product(product)
    with exact():
        write = _ENGLISH if language is Language.ENGLISH else _CHINESE
        return tuple(_points(product, product.terms[-1], volatilities, write))


def _percent(share: Decimal) -> str:
    return f"{to_text(rounded(share * 100, 2))} %"


def _points(
    product: Product, terms: Terms, volatilities: Sequence[Decimal], write: dict[str, str]
) -> Iterator[str]:
    target = terms.target
    yield write["aim"].format(
        product=product.id, underlying=product.underlying, target=to_text(target), day=_percent(target / 100)
    )
    if not terms.target_is_published:
        yield write["hidden"]
    drags = target * target - target > 0
    found = _chopped(terms) if terms.schedules and target != 1 else None
    if found is not None:
        spot = decay.rebalanced_return(ONE, CHOP)
        yield write["chop"].format(
            found=_percent(found), spot=_percent(spot), multiple=_percent(target * spot)
        )
    if drags:
        losses = write["comma"].join(
            write["decay"].format(volatility=_percent(one), loss=_percent(-decay.decay(target, one, ONE)))
            for one in volatilities
        )
        yield write["decays"].format(losses=losses)
    ruin = decay.move_to_ruin(target)
    if ruin is not None:
        yield write["ruin"].format(move=_percent(ruin))
    trigger = _adverse_move(terms)
    if trigger is not None:
        lost = -target * trigger
        goal = write["edge"] if terms.trigger.aim is Aim.EDGE else write["target"]
        yield write["trigger"].format(move=_percent(trigger), lost=_percent(lost), goal=goal)
    elif drags:
        yield write["no trigger"]
    yield from _costs(terms, write)
    if terms.merge is not None:
        yield _merge(terms.merge, product.quote, write)
    yield write["end"]


def _chopped(terms: Terms) -> Decimal | None:
    """The return over `CHOP`, a move a day, of the first schedule alone; None unless it acts after each."""
    first = terms.schedules[0]
    daily = replace(first, at=replace(first.at, times=first.at.times[:1]), batches=1, batch_seconds=0)
    since = microseconds(terms.since)
    times = list(islice(instants(daily.at, since - 1, since + _WEEK), len(CHOP) + 1))
    prices = list(accumulate(CHOP, lambda price, move: price * (1 + move), initial=ONE))
    bare = Product("", "", "", "", (Terms(terms.since, terms.target, schedules=(daily,)),))
    run = simulate(bare, History(times, prices), nav=ONE)
    return run.nav - 1 if run.scheduled == len(CHOP) else None


def _adverse_move(terms: Terms) -> Decimal | None:
    """The nearest move against the product, counted from its target, at which the trigger acts."""
    target, (above, _) = terms.target, trigger_leverages(terms)
    if 0 < target <= 1:
        return None
    moves = [abs(decay.move_to_leverage(target, above))] if above > 0 else []
    moves += [terms.trigger.adverse_move] if terms.trigger.adverse_move is not None else []
    if not moves:
        return None
    return -min(moves) if target > 0 else min(moves)


def _costs(terms: Terms, write: dict[str, str]) -> Iterator[str]:
    kept = ONE
    for fee in terms.fees:
        if fee.basis is FeeBasis.NAV:
            kept *= (1 - fee.rate) ** (365 * len(fee.at.times))
    if kept < 1:
        yield write["fee"].format(year=_percent(1 - kept))
    if any(fee.basis is FeeBasis.NOTIONAL and fee.rate > 0 for fee in terms.fees):
        yield write["fee on notional"].format(times=to_text(abs(terms.target)))
    if terms.trading_cost > 0:
        yield write["cost"].format(
            cost=_percent(terms.trading_cost),
            traded=_percent(abs(decay.rebalancing_flow(terms.target, ONE, Decimal("0.1")))),
        )
    if terms.exposure is not Exposure.FUTURE and not terms.financing.issuer_bears:
        yield write["financing"]


def _merge(merge: ShareMerge, quote: str, write: dict[str, str]) -> str:
    return write["merge"].format(ratio=merge.ratio, nav=f"{to_text(merge.at_or_below)} {quote}")


_ENGLISH = {
    "comma": ", ",
    "aim": "{product} aims at {target} times the move of {underlying} from one rebalance to the next: a "
    "rise of 1 % then changes its value by {day}. Over longer times its return is not {target} times the "
    "underlying's; it may be higher or lower, and both a long and a short product may lose.",
    "hidden": "Its issuer does not publish this target; the number is assumed, and so are those that follow "
    "from it.",
    "chop": "Example: after +5 %, -5 %, +5 % and -5 % on four days with a rebalance each, the underlying is "
    "at {spot}, the product at {found} before fees, and not at {multiple}.",
    "decay": "{loss} at a volatility of {volatility}",
    "decays": "If the underlying ends a year where it began, fluctuation alone takes about: {losses} (of a "
    "year; rebalanced without pause, before fees). The product is not made to be held for long.",
    "ruin": "A move of {move} without a rebalance in between leaves nothing. All that was paid may be lost.",
    "trigger": "From its target on, a move of {move} makes the product rebalance within the day {goal}: "
    "about {lost} is lost by then and is not won back by the same move in the other direction. Where the "
    "price jumps past this, the loss is larger.",
    "target": "to its target",
    "edge": "to the edge of its band",
    "no trigger": "No rule protects it from large moves against it between its scheduled rebalances.",
    "fee": "Fees on its value take {year} of it in a year, whatever the price does.",
    "fee on notional": "A fee is charged on the position, which at the target is {times} times the value of "
    "a unit.",
    "cost": "Each trade costs {cost} of what is traded; after a move of 10 % a rebalance trades {traded} of "
    "the value of a unit.",
    "financing": "Interest or funding for the position is paid out of its value; the rates are not known "
    "beforehand.",
    "merge": "When its value falls to {nav} or below, {ratio} units become one; the holding's value stays "
    "the same.",
    "end": "The market price may differ from the value of a unit. The figures follow from the published "
    "rules and are examples; they promise nothing and are no advice.",
}

_CHINESE = {
    "comma": "、",
    "aim": "{product} 的目标是：从一次调仓到下一次调仓，涨跌为 {underlying} 的 {target} 倍；标的上涨 1 % 时，"
    "其净值变动 {day}。持有更久时，收益并不等于标的收益的 {target} 倍，可能更高，也可能更低；做多与做空产品"
    "可能同时亏损。",
    "hidden": "发行人未公布该目标；此数值为假设，由它得出的数字也是假设。",
    "chop": "例：四天依次 +5 %、-5 %、+5 %、-5 %，每天调仓一次，标的为 {spot}，产品扣费前为 {found}，而不是 "
    "{multiple}。",
    "decay": "波动率 {volatility} 时约 {loss}",
    "decays": "如果标的一年后回到原价，仅波动就会造成损耗：{losses}（按一年、连续调仓、扣费前计算）。本产品"
    "不适合长期持有。",
    "ruin": "期间未调仓而标的变动 {move} 时，净值归零。投入的资金可能全部损失。",
    "trigger": "自目标杠杆起，标的变动 {move} 会触发盘中调仓{goal}：此时约亏损 {lost}，之后标的反向变动同样"
    "幅度也不能收回。价格跳空越过该点时，亏损更大。",
    "target": "至目标杠杆",
    "edge": "至区间边界",
    "no trigger": "两次定时调仓之间，没有规则防范不利的大幅变动。",
    "fee": "无论价格如何，按净值收取的费用一年约占净值的 {year}。",
    "fee on notional": "部分费用按持仓价值收取；达到目标杠杆时，持仓价值为净值的 {times} 倍。",
    "cost": "每笔交易的成本为成交额的 {cost}；标的变动 10 % 后，一次调仓的成交额为净值的 {traded}。",
    "financing": "持仓的利息或资金费从净值中支付，费率事先未知。",
    "merge": "净值降至 {nav} 或以下时，{ratio} 份合并为 1 份，持有人的总价值不变。",
    "end": "市场价格可能偏离净值。以上数字由公开规则计算得出，仅为举例，不构成任何承诺或投资建议。",
}
