"""Product rules on paper: fields are those of the code, the example reads, families are the files."""

from __future__ import annotations

import re
import runpy
from dataclasses import MISSING, fields
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest

from truenav.connect.products.rules import read_products
from truenav.core.product import (
    Dealing,
    Fee,
    Financing,
    Product,
    Schedule,
    ShareMerge,
    ShareSplit,
    Source,
    Terms,
    Trigger,
)

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "product-rules.md").read_text("utf-8")
SECTIONS = {
    "Terms": Terms,
    "schedules": Schedule,
    "trigger": Trigger,
    "fees": Fee,
    "financing": Financing,
    "merge": ShareMerge,
    "split": ShareSplit,
    "dealing": Dealing,
}


def rows(section):
    """Field, value and what holds without it, line by line of a section's table."""
    (body,) = re.findall(rf"^##+ {section}\n(.*?)(?=^##|^<!--)", PAGE, re.DOTALL | re.MULTILINE)
    cells = [line.strip("| ").split(" | ") for line in body.splitlines() if line.startswith("| `")]
    return [(one[0].strip("`"), one[1], one[2].strip("`")) for one in cells]


@pytest.mark.parametrize(("section", "kind"), SECTIONS.items(), ids=SECTIONS)
def test_each_field_has_its_row_and_its_default(section, kind):
    documented = rows(section)
    assert [name for name, _, _ in documented] == [field.name for field in fields(kind)]
    for field, (name, value, default) in zip(fields(kind), documented, strict=True):
        required = field.default is MISSING and field.default_factory is MISSING
        assert (default == "required") is required, name
        if isinstance(field.default, Enum):
            assert default == field.default.value, name
            assert value == ", ".join(f"`{one.value}`" for one in type(field.default)), name
        elif isinstance(field.default, bool):
            assert default == str(field.default).lower(), name
        elif isinstance(field.default, int | Decimal | str):
            assert default == str(field.default), name


def test_the_fields_of_file_and_product_have_their_rows():
    written_for_all = {"issuer", "sources", "conflicts", "assumptions"}
    assert {name for name, _, _ in rows("The file")} == written_for_all | {"terms", "products"}
    of_its_own = {field.name for field in fields(Product)} - written_for_all
    assert {name for name, _, _ in rows("A product")} == of_its_own
    assert all(f"`{field.name}`" in PAGE for field in fields(Source))


def test_the_example_reads_as_the_page_says():
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    long, short = read_products(example, name="example")
    assert [f"{one.since:%m-%d %H}" for one in long.terms] == ["03-01 00", "09-01 08"]
    assert [one.merge.ratio for one in long.terms] == [20, 10]
    assert [f"{one.since:%m-%d %H}" for one in short.terms] == ["05-01 00", "09-01 08", "12-01 00"]
    assert [one.trigger.above for one in short.terms] == [5, 5, 4]
    assert short.terms[-1].merge == long.terms[-1].merge


def test_the_families_stand_on_the_page_as_they_stand_in_their_files():
    page = runpy.run_path(str(ROOT / "scripts" / "product_rules.py"))["page"](PAGE)
    assert page == PAGE, "Run scripts/product_rules.py: a rule file has changed."
