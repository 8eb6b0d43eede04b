"""What ``truenav etp`` is given: rules, prices, and how to read them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from truenav.cli.common import instant_option
from truenav.core.clock import SystemClock
from truenav.core.failure import InvalidInputError
from truenav.core.money import parse_decimal, to_text

if TYPE_CHECKING:
    from truenav.calc.etp.engine.history import History
    from truenav.calc.etp.engine.simulate import Simulation
    from truenav.core.product import Product

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Input:
    """A file or ready family that went in: its name, and the SHA-256 of its bytes."""

    name: str
    sha256: str


def decimal_option(name: str, help: str, *, is_positive: bool = False, **more: Any) -> Callable[[F], F]:
    """An option that takes an exact decimal number; ``more`` is passed to click."""

    def read(context: click.Context, parameter: click.Parameter, value: str | None) -> Decimal | None:
        del context, parameter
        number = None if value is None else parse_decimal(value, what=name)
        if is_positive and number is not None and number <= 0:
            raise InvalidInputError(f"{name}: {to_text(number)} is not above 0.")
        return number

    return click.option(name, callback=read, metavar="NUMBER", help=help, **more)


def replay_options(command: F) -> F:
    """How the price file is read, which of its marks are taken, and what they are run with."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    for option in reversed(
        [
            instant_option("--from", "The first mark to take; by default the file's first."),
            instant_option("--to", "The last mark to take; by default the file's last."),
            click.option("--symbol", metavar="NAME", help="Which of several symbols in PRICES."),
            click.option("--zone", metavar="ZONE", help="Zone of times without an offset, such as UTC."),
            click.option("--time-column", metavar="NAME", help="The column of times, if not recognised."),
            click.option("--price-column", metavar="NAME", help="The column of prices, if not recognised."),
            click.option("--funding", type=file, help="Funding rates: CSV or Parquet with time and rate."),
            click.option("--rolls", type=file, help="Rolls of a future: time, and expiring over next price."),
            instant_option("--rules-as-of", "As if the rules of this instant had always held."),
            click.option(
                "--continuous",
                is_flag=True,
                help="Fill triggers at their own price, as if the marks were joined by a straight path.",
            ),
            decimal_option(
                "--nav",
                "NAV at which a unit is issued at the first mark.",
                is_positive=True,
                default="100",
                show_default=True,
            ),
        ]
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a price file and of a replay, by their names."""

    to: datetime | None
    symbol: str | None
    zone: str | None
    time_column: str | None
    price_column: str | None
    funding: Path | None
    rolls: Path | None
    rules_as_of: datetime | None
    continuous: bool
    nav: Decimal
    start: datetime | None


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule file or ready family; ``product`` is the one named behind the colon."""

    source: Input
    products: tuple[Product, ...]
    product: str | None


def options_of(given: dict[str, Any]) -> Options:
    """The options by their names, from what click gives."""
    return Options(start=given.pop("from"), **given)


def read_rules(name: str) -> Rules:
    """The products of a rule file or a ready family; a product may be named behind a colon."""
    from truenav.connect.products.rules import family_text, read_products

    base, _, product = (name, "", "") if Path(name).is_file() else name.partition(":")
    path = Path(base)
    try:
        text = path.read_text("utf-8") if path.is_file() else family_text(base)
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path.name} is not text in UTF-8; a rule file is YAML or JSON.") from error
    source = Input(path.name, hashlib.sha256(text.encode()).hexdigest())
    return Rules(source, read_products(text, name=path.name), product or None)


def one_product(read: Rules, wanted: str | None) -> Product:
    """The product that is meant: the one named, or the only one."""
    from truenav.connect.products.rules import NoSuchProductError, find_product

    wanted = wanted or read.product
    if wanted is not None:
        return find_product(read.products, wanted, name=read.source.name)
    if len(read.products) > 1:
        names = ", ".join(product.id for product in read.products)
        raise NoSuchProductError(
            f"{read.source.name} holds {len(read.products)} products; choose one of {names} with --product."
        )
    return read.products[0]


def as_of(product: Product, given: Options) -> Product:
    """The product, or what it would be had its rules of ``--rules-as-of`` always held."""
    from truenav.calc.etp.engine.rules import as_if_always

    return product if given.rules_as_of is None else as_if_always(product, given.rules_as_of)


def history_of(path: Path, given: Options) -> History:
    """The marks of a file, read as the options say."""
    from truenav.connect.products.marks import Reading, read_history

    reading = Reading(given.zone, given.symbol, given.time_column, given.price_column, given.start, given.to)
    return read_history(path, reading, now=SystemClock().now(), funding=given.funding, rolls=given.rolls)


def run(product: Product, history: History, given: Options) -> Simulation:
    """The product over the history: at the marks alone, or watched without pause."""
    from truenav.calc.etp.explain.replay import replay

    return replay(product, history, nav=given.nav, continuous=given.continuous)


def input_of(path: Path) -> Input:
    """The name of a file and the hash of its bytes."""
    with path.open("rb") as file:
        return Input(path.name, hashlib.file_digest(file, "sha256").hexdigest())


def existing(name: str) -> Path:
    """The file of prices behind all rules."""
    if not Path(name).is_file():
        raise InvalidInputError(f"There is no file {name[:200]!r}; the last argument is the file of prices.")
    return Path(name)
