"""How near a product came to its promise: the target's multiple of each day's move, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from truenav.calc.etp.engine.simulate import Simulation, simulate
from truenav.calc.etp.explain.attribution import MIDNIGHT, explain, explain_daily
from truenav.core.money import ZERO, exact
from truenav.core.product import DailyTimes, Exposure, Product, Schedule, Terms

DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Tracking:
    """A product beside its promise, as fractions.

    Attributes
    ----------
    promised : return of the promise (`promise_of`).
    difference : return of the product less that of the promise.
    error : standard deviation of the daily differences, of a year of 365 days; None with fewer than two days.
    days : windows of a day that were compared.
    """

    promised: Decimal
    difference: Decimal
    error: Decimal | None
    days: int


def promise_of(product: Product) -> Product:
    """A product brought to its target at its scheduled times, or at midnight UTC: no trigger, cost, fee,
    financing or merge.
    """
    terms = tuple(
        Terms(
            one.since,
            one.target,
            Exposure.FUTURE if one.exposure is Exposure.FUTURE else Exposure.PERPETUAL,
            schedules=(Schedule(one.schedules[0].at if one.schedules else MIDNIGHT),),
        )
        for one in product.terms
    )
    return Product(product.id, product.issuer, product.underlying, product.quote, terms, product.until)


def promised(simulation: Simulation, nav: Decimal) -> Simulation:
    """The promise of a simulation's product over the same history, issued at the same NAV."""
    return simulate(promise_of(simulation.product), simulation.history, nav=nav)


def tracking(simulation: Simulation, promise: Simulation) -> Tracking:
    """A simulation beside that of its promise.

    Notes
    -----
    Days begin at the first scheduled time of the last terms. With ``d`` the daily differences,
    ``error = sqrt(365 / (n - 1) sum((d - mean(d))^2))``, rounded once to 78 digits.
    """
    whole, ideal = explain(simulation).product, explain(promise).product
    at = promise.product.terms[-1].schedules[0].at
    daily = DailyTimes(at.times[:1], at.zone)
    ours = {day.start: day.product for day in explain_daily(simulation, daily)}
    with exact():
        apart = [ours[day.start] - day.product for day in explain_daily(promise, daily) if day.start in ours]
        return Tracking(ideal, whole - ideal, _of_a_year(apart), len(apart))


def _of_a_year(differences: list[Decimal]) -> Decimal | None:
    count = len(differences)
    if count < 2:
        return None
    mean = sum(differences, ZERO) / count
    squares = sum(((one - mean) ** 2 for one in differences), ZERO)
    return (DAYS_A_YEAR * squares / (count - 1)).sqrt()
