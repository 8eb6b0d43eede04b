"""Names that would be script, formula or disorder: typed like any other, shown as text, exported harmless."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from tests.browser.conftest import settled

pytestmark = pytest.mark.timeout(300)

SCRIPT = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
NAMES = {
    "script": SCRIPT,
    "formula": '=HYPERLINK("https://taken.test","free")',
    "command": "@SUM(1+1)*cmd|' /C calc'!A0",
    "turned": "fund \u202egpj.exe\u202c and \u05e7\u05e8\u05df",
    "template": "{{constructor.constructor('alert(1)')()}} ${7*7}",
}
LONGEST = "0123456789" * 20
PAGES = ("/tree", "/", "/explore", "/manual?new", "/nav?strike=1", "/schedules")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def _type_fund(page, demo, ident, name):
    """A fund of that name through the form, as a person types it."""
    page.goto(f"{demo.address}/tree")
    page.get_by_role("button", name="Add fund").click()
    form = page.locator("form").last
    form.get_by_label("Name", exact=True).fill(name)
    form.get_by_label("Id", exact=True).fill(ident)
    form.locator("button[type=submit]").click()
    return form


@pytest.fixture(scope="module")
def typed():
    """The funds that were typed by now: the house is shared by the tests of this module."""
    return set()


@pytest.fixture
def max_(visit, demo, people, typed):
    visitor = visit()
    visitor.log_in(demo.address, *people["max"])
    for ident, name in NAMES.items():
        if ident not in typed:
            _type_fund(visitor.page, demo, ident, name)
            visitor.page.get_by_role("treeitem").filter(has_text=name).first.wait_for()
            typed.add(ident)
    return visitor


def test_a_hostile_name_is_text_on_every_page(max_, demo):
    page = max_.page
    for path in PAGES:
        settled(page, demo.address + path)
        _nothing_ran(page)
    for ident, name in NAMES.items():
        settled(page, f"{demo.address}/portfolio/{ident}")
        assert page.get_by_role("heading", level=1).inner_text() == name
        _nothing_ran(page)
        page.get_by_role("button", name="Fund:").click()
        page.get_by_role("menuitem", name=name, exact=True).wait_for()
        page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").locator("input").fill(SCRIPT)
    _nothing_ran(page)


def test_an_export_of_hostile_names_holds_no_formula(max_, demo):
    cells = []
    for form in ("csv", "xlsx"):
        answer = max_.context.request.get(f"{demo.address}/api/v1/nodes?format={form}")
        assert answer.ok
        cells += _cells(answer.body())
    assert any("HYPERLINK" in cell for cell in cells)
    assert [cell for cell in cells if cell.startswith(DANGEROUS)] == []


def test_the_longest_name_breaks_no_page(max_, demo):
    page = max_.page
    _type_fund(page, demo, "endless", LONGEST)
    page.get_by_role("treeitem").filter(has_text=LONGEST).first.wait_for()
    broken = []
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for path in (*PAGES, "/?fund=endless", "/portfolio/endless"):
            settled(page, demo.address + path)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                broken.append((width, path))
    assert broken == []


def _nothing_ran(page):
    assert page.title() != "taken"
    assert page.locator("img[src=x]").count() == 0


def _cells(body):
    """Every text of a file; a formula of a workbook as it would be calculated."""
    if not body.startswith(b"PK"):
        return [cell for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))) for cell in row]
    book = openpyxl.load_workbook(io.BytesIO(body))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    return [f"text {cell.value}" for cell in cells]
