"""The first page and the pivot in a browser: 100,000 positions, nothing cached, over loopback."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import BrowserContext, Page, sync_playwright

from bench.harness import Contender, Goal, Workload
from bench.overview import Bench

KEY = "Control+k"  # opens the palette

# Marks are set when the frame after the change has been drawn.
WATCH = """
const MARKS = { figures: 'main tbody tr', palette: '[role=dialog] input' };
const drawn = (then) => requestAnimationFrame(() => requestAnimationFrame(then));
const seen = new Set();
new MutationObserver(() => {
  for (const [name, selector] of Object.entries(MARKS)) {
    if (seen.has(name) || !document.querySelector(selector)) continue;
    seen.add(name);
    drawn(() => performance.mark(name));
  }
}).observe(document, { childList: true, subtree: true });
"""
WHEN = """name => performance.getEntriesByName(name)[0]?.startTime ?? null"""

# From the press on a menu's item to the frame in which the table has other columns.
TURN = """async (item) => {
  const frame = () => new Promise((go) => requestAnimationFrame(go));
  const head = () => document.querySelector('main thead').innerText;
  const before = head();
  const began = performance.now();
  item.click();
  while (head() === before) await frame();
  await frame();
  return performance.now() - began;
}"""


class Visitor:
    """A browser with somebody logged in, and the house that is looked at."""

    def __init__(self) -> None:
        self.house = Bench()
        self.address = str(self.house.client.base_url).rstrip("/")
        stack = ExitStack()
        atexit.register(stack.close)
        playwright = stack.enter_context(sync_playwright())
        self._browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        stack.callback(self._browser.close)

    def first_paint(self) -> float:
        """Seconds from the start of the navigation to the first content."""
        with self._visit("/") as page:
            return self._first_visit(page)[0]

    def interactive(self) -> float:
        """Seconds from the start of the navigation to figures on the page and an open palette."""
        with self._visit("/") as page:
            return self._first_visit(page)[1]

    def pivot(self) -> float:
        """Seconds from the start of the navigation to the pivot of every position."""
        with self._visit("/explore") as page:
            return _at(page, "figures")

    def turned(self) -> float:
        """Seconds from a press to the same positions with other columns."""
        with self._visit("/explore") as page:
            _at(page, "figures")
            page.get_by_role("button", name="Venue", exact=True).click()
            item = page.get_by_role("menuitem", name="Columns")
            item.wait_for()
            return float(page.evaluate(TURN, item.element_handle())) / 1000

    def check(self) -> str:
        """The pivot counts every position."""
        with self._visit("/explore") as page:
            _at(page, "figures")
            count = f"{self.house.positions:,} rows"
            page.get_by_text(count, exact=False).first.wait_for()
        return f"{self.house.check()} The pivot counts {count}."

    def _first_visit(self, page: Page) -> tuple[float, float]:
        _at(page, "figures")
        page.keyboard.press(KEY)
        interactive = _at(page, "palette")
        paint = page.evaluate(WHEN, "first-contentful-paint")
        return float(paint) / 1000, interactive

    @contextmanager
    def _visit(self, path: str) -> Iterator[Page]:
        """A window of its own, with nothing in its cache."""
        context = self._browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-GB")
        try:
            self._log_in(context)
            context.add_init_script(WATCH)
            page = context.new_page()
            page.goto(self.address + path, wait_until="commit")
            yield page
        finally:
            context.close()

    def _log_in(self, context: BrowserContext) -> None:
        cookies = self.house.client.cookies.jar
        context.add_cookies(
            [{"name": one.name, "value": one.value or "", "url": self.address} for one in cookies]
        )


def _at(page: Page, mark: str) -> float:
    """Seconds from the start of the navigation to a mark."""
    while (found := page.evaluate(WHEN, mark)) is None:
        page.wait_for_timeout(5)
    return float(found) / 1000


def workload() -> Workload:
    visitor = Visitor()
    names = ("first paint", "interactive", "pivot", "turned")
    paint, interactive, pivot, turned = names
    return Workload(
        title="The first page and the pivot in a browser",
        items=1,
        unit="visit",
        ours=interactive,
        contenders=[
            Contender(paint, visitor.first_paint, note="the first content of the overview; nothing cached"),
            Contender(interactive, visitor.interactive, note="figures drawn, and Ctrl K opened the palette"),
            Contender(pivot, visitor.pivot, note="100,000 rows, from the start of the navigation"),
            Contender(turned, visitor.turned, note="the venue put to the columns: press to frame"),
        ],
        goals=[
            Goal("seconds to the first paint", lambda seconds: seconds[paint], at_most=1.0),
            Goal("seconds until interactive", lambda seconds: seconds[interactive], at_most=1.5),
            Goal("seconds until the pivot", lambda seconds: seconds[pivot], at_most=3.0),
            Goal("seconds to turn the pivot", lambda seconds: seconds[turned], at_most=0.3),
        ],
        verify=visitor.check,
        notes=["Headless Chromium, the server in the benchmark's own process, the same cores for both."],
    )
