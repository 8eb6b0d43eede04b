"""One product, one mark: what a unit holds before and after the events of an instant.

All functions here are arithmetic on plain numbers, and do not care which: the running product calls them with
exact decimals, and `truenav.calc.etp.engine._path_kernels` compiles the very same functions for floats. That
is why states are named tuples, what is absent is zero, and no constant is written with a point.

A unit holds ``position`` of the underlying (signed) and ``cash`` (a loan is negative). Between events its NAV
is ``position * price + cash``, linear in the price, so that each limit is a bound on the price. An inverse
contract of face value ``N`` margined in coins is worth ``coins * price - N`` at any price, so it has this
form too.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

PERPETUAL, INVERSE, SPOT, FUTURE = range(4)
"""What is held: see `truenav.core.product.Exposure`."""

CHARGED, SCHEDULED, TRIGGERED, RUINED = range(4)
"""What a step came to: fees and financing alone, a rebalance, or the end."""

Number: TypeAlias = Any
"""A ``Decimal``, or a float in compiled code; never both in one call."""


class State(NamedTuple):
    """What a unit holds.

    ``reference`` is the price of the last rebalance, ``batches`` are those still to come of one that has
    begun.
    """

    position: Number
    cash: Number
    reference: Number
    batches: int


class Paid(NamedTuple):
    """What the events of a mark cost a unit, in the quote asset; what was paid is positive.

    ``gap`` is what was made between a trigger's own price and the mark that it was seen at (a loss is
    negative), ``deficit`` what the issuer bore when NAV fell below zero.
    """

    financing: Number
    fees: Number
    costs: Number
    gap: Number
    deficit: Number


class Limits(NamedTuple):
    """The rules of a product as numbers; see `truenav.core.product.Terms`. What is absent is zero.

    ``above`` and ``below`` are magnitudes of leverage at which the trigger fires, ``adverse`` and
    ``favourable`` price moves since the last rebalance; ``to_edge`` is 1 where it goes to the limit that was
    passed, and on to ``speed`` of the way to the target where that is further. ``tie`` is the relative
    distance within which a price counts as equal to a bound, so that rounding decides nothing.
    """

    target: Number
    above: Number
    below: Number
    adverse: Number
    favourable: Number
    to_edge: int
    cost: Number
    exposure: int
    tie: Number
    speed: Number


class Stop(NamedTuple):
    """What falls due at one mark by the calendar.

    ``financing`` is the rate charged; ``fee_nav`` and ``fee_notional`` are fees; ``roll`` is the price of the
    expiring future over that of the next one, one where nothing rolls. ``share`` is the part of the way to
    the target that a rebalance goes, zero where none is due. ``batches`` follow it; ``follows`` is 1 where it
    is one of those, which takes place only if the first did. The first needs one of ``low``, ``high``
    (leverage) or ``moved`` to hold where any is given. ``floor`` and ``ceiling`` bound where it goes.
    """

    financing: Number
    fee_nav: Number
    fee_notional: Number
    roll: Number
    share: Number
    batches: int
    follows: int
    low: Number
    high: Number
    moved: Number
    floor: Number
    ceiling: Number


class Bounds(NamedTuple):
    """A state is quiet between these prices: not at or below ``low``, nor at or above ``high``; 0 is none."""

    low: Number
    high: Number


def net_value(state: State, price: Number) -> Number:
    """NAV of one unit."""
    return state.position * price + state.cash


def price_at_leverage(position: Number, cash: Number, leverage: Number) -> Number:
    """The price at which ``|B| P = K (B P + C)``: leverage is ``K`` in magnitude; 0 or less where nowhere."""
    slope = abs(position) - leverage * position
    return leverage * cash / slope if slope != 0 else slope


def _lower(bound: Number, price: Number) -> Number:
    return max(bound, price)


def _upper(bound: Number, price: Number) -> Number:
    if price <= 0:
        return bound
    return price if bound == 0 else min(bound, price)


def ruin_bounds(state: State) -> Bounds:
    """Prices at which nothing is left."""
    nothing = 0 * state.position
    if state.position > 0:
        return Bounds(_lower(nothing, -state.cash / state.position), nothing)
    if state.position < 0:
        return Bounds(nothing, _upper(nothing, -state.cash / state.position))
    return Bounds(nothing, nothing)


def trigger_bounds(state: State, limits: Limits) -> Bounds:
    """Prices at which the trigger fires, the nearer one on each side."""
    low = 0 * state.position
    high = low
    long = state.position > 0
    if limits.above > 0:
        price = price_at_leverage(state.position, state.cash, limits.above)
        if long and limits.above > 1:  # leverage grows as the price falls
            low = _lower(low, price)
        else:
            high = _upper(high, price)
    if limits.below > 0:
        price = price_at_leverage(state.position, state.cash, limits.below)
        if long and limits.below > 1:
            high = _upper(high, price)
        else:
            low = _lower(low, price)
    fall = limits.adverse if long else limits.favourable
    rise = limits.favourable if long else limits.adverse
    if fall > 0:
        low = _lower(low, state.reference * (1 - fall))
    if rise > 0:
        high = _upper(high, state.reference * (1 + rise))
    return Bounds(low, high)


def bounds(state: State, limits: Limits, armed: Number) -> Bounds:
    """Prices at which something happens by itself: ruin, and where ``armed`` the trigger.

    A bound counts as reached ``tie`` before it. Where the trigger goes to the edge only, that same edge is
    not left before ``tie`` after it, or each mark would be an event without a trade.
    """
    return _bounds(ruin_bounds(state), trigger_bounds(state, limits), limits, armed)


def _bounds(ruin: Bounds, trigger: Bounds, limits: Limits, armed: Number) -> Bounds:
    low = ruin.low * (1 + limits.tie)
    high = ruin.high * (1 - limits.tie)
    if armed:
        slack = -limits.tie if limits.to_edge else limits.tie
        low = _lower(low, trigger.low * (1 + slack))
        high = _upper(high, trigger.high * (1 - slack))
    return Bounds(low, high)


def is_reached(limit: Bounds, price: Number) -> Number:
    """Whether a price is on a bound or beyond it."""
    return price <= limit.low or (limit.high > 0 and price >= limit.high)


def financed(state: State, price: Number, exposure: int) -> Number:
    """What the financing rate is charged on, in the quote asset; positive where the product pays it."""
    if exposure == PERPETUAL:
        return state.position * price
    if exposure == INVERSE:
        return -state.cash
    if exposure == SPOT:
        return -state.position * price if state.position < 0 else max(-state.cash, 0 * state.cash)
    return 0 * state.cash


def rebalanced(state: State, price: Number, goal: Number, cost: Number, batches: int) -> tuple[State, Number]:
    """The state after a trade to the leverage ``goal``, and its cost, solved together.

    ``NAV' = NAV - cost * price * |trade|`` and ``position' = goal * NAV' / price`` give
    ``trade = (goal * NAV / price - position) / (1 + side * cost * goal)``.
    """
    wanted = goal * net_value(state, price) / price - state.position
    side = 1 if wanted > 0 else -1
    trade = wanted / (1 + side * cost * goal)
    paid = abs(trade) * price * cost
    return State(state.position + trade, state.cash - trade * price - paid, price, batches), paid


def _rolled(state: State, price: Number, roll: Number, cost: Number) -> tuple[State, Number]:
    """The state after the expiring future was sold at ``price`` and as much value of the next one bought."""
    paid = 2 * abs(state.position) * price * cost
    return State(state.position * roll, state.cash - paid, state.reference / roll, state.batches), paid


def _charged(state: State, price: Number, stop: Stop, exposure: int) -> tuple[State, Number, Number]:
    """The state after financing and fees, and what they came to; fees are on what financing left."""
    interest = financed(state, price, exposure) * stop.financing
    value = net_value(state, price) - interest
    fee = abs(state.position) * price * stop.fee_notional + max(value, 0 * value) * stop.fee_nav
    return State(state.position, state.cash - interest - fee, state.reference, state.batches), interest, fee


def _is_due(state: State, price: Number, stop: Stop, leverage: Number, tie: Number) -> Number:
    """Whether a scheduled rebalance takes place."""
    if stop.follows:
        return state.batches > 0
    if stop.low == 0 and stop.high == 0 and stop.moved == 0:
        return True
    size = abs(leverage)
    outside = size <= stop.low * (1 + tie) or (stop.high > 0 and size >= stop.high * (1 - tie))
    moved = stop.moved > 0 and abs(price - state.reference) >= (stop.moved - tie) * state.reference
    return outside or moved


def _scheduled_goal(stop: Stop, target: Number, leverage: Number) -> Number:
    """The leverage that a scheduled rebalance goes to."""
    goal = target if stop.share == 1 else leverage + (target - leverage) * stop.share
    size = abs(goal)
    if stop.ceiling > 0:
        size = min(size, stop.ceiling)
    if stop.floor > 0:
        size = max(size, stop.floor)
    return size if target > 0 else -size


def _triggered_goal(limits: Limits, leverage: Number) -> Number:
    """The leverage that a trigger goes to."""
    if not limits.to_edge:
        return limits.target
    size = abs(leverage + (limits.target - leverage) * limits.speed)
    size = max(size, limits.below) if abs(leverage) < abs(limits.target) else min(size, limits.above)
    return size if limits.target > 0 else -size


def _gap(state: State, price: Number, trigger: Bounds, passed: Bounds, goal: Number) -> Number:
    """What was made from the trigger's price to the mark, less what a rebalance there would have.

    ``passed`` are the bounds with their ties, of which the mark reached one.
    """
    ideal = trigger.low if price <= passed.low else trigger.high
    if ideal <= 0:
        return 0 * price
    return (state.position - goal * net_value(state, ideal) / ideal) * (price - ideal)


def _ruined(price: Number, value: Number, closing: Number, paid: Paid) -> tuple[State, Paid, int]:
    """The end: the position is closed for ``closing``, and what NAV cannot bear is the issuer's."""
    nothing = 0 * price
    deficit = max(closing - value, nothing)
    return (
        State(nothing, nothing, price, 0),
        Paid(paid.financing, paid.fees, paid.costs + closing, paid.gap, deficit),
        RUINED,
    )


def step(state: State, price: Number, stop: Stop, limits: Limits, armed: Number) -> tuple[State, Paid, int]:
    """Take a unit through all events of one mark: roll, financing, fees, schedule, trigger, in this order.

    ``armed`` is false while the trigger sleeps. Gives the state after them, what they cost, and what
    happened: `CHARGED`, `SCHEDULED`, `TRIGGERED` or `RUINED`. Fees are taken before the rebalance, which is
    sized on what they leave; a trigger is judged after fees, and only where no scheduled rebalance takes
    place. The trade is at the mark that was seen, not at the price that the trigger names. A position whose
    NAV is gone is closed at the mark, and what is missing is the issuer's. So it is where a rebalance is due
    that NAV cannot pay for: once trading the whole position costs NAV or more, trading less of it takes more
    off NAV than off leverage.
    """
    nothing = 0 * price
    costs = nothing
    if stop.roll != 1:
        state, costs = _rolled(state, price, stop.roll, limits.cost)
        price = price / stop.roll
    state, interest, fee = _charged(state, price, stop, limits.exposure)
    value, exposure = net_value(state, price), state.position * price
    trigger = trigger_bounds(state, limits)
    limit = _bounds(ruin_bounds(state), trigger, limits, armed)
    fires = armed and is_reached(limit, price)
    if value <= limits.tie * abs(exposure):
        gap = _gap(state, price, trigger, limit, limits.target) if fires else nothing
        return _ruined(price, value, nothing, Paid(interest, fee, costs, gap, nothing))
    leverage = exposure / value
    is_scheduled = stop.share > 0 and _is_due(state, price, stop, leverage, limits.tie)
    closing = limits.cost * abs(exposure)
    if (is_scheduled or fires) and value <= closing * (1 + limits.tie):
        gap = nothing if is_scheduled else _gap(state, price, trigger, limit, limits.target)
        return _ruined(price, value, closing, Paid(interest, fee, costs, gap, nothing))
    if is_scheduled:
        goal = _scheduled_goal(stop, limits.target, leverage)
        state, paid = rebalanced(state, price, goal, limits.cost, stop.batches)
        return state, Paid(interest, fee, costs + paid, nothing, nothing), SCHEDULED
    if fires:
        goal = _triggered_goal(limits, leverage)
        gap = _gap(state, price, trigger, limit, goal)
        state, paid = rebalanced(state, price, goal, limits.cost, 0)
        return state, Paid(interest, fee, costs + paid, gap, nothing), TRIGGERED
    return state, Paid(interest, fee, costs, nothing, nothing), CHARGED
