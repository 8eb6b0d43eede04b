"""A NAV run of the demo fund as a PDF: read, set and written, in a process that is warm."""

from __future__ import annotations

import io
import itertools
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from pypdf import PdfReader

from bench._installation import Installation
from bench.harness import Contender, Goal, Workload
from truenav.access.policy import Principal
from truenav.app.house import open_house
from truenav.app.settings import read_settings
from truenav.app.statements.figures import number
from truenav.app.statements.reading import Subject, forget_runs, read_subject
from truenav.app.statements.service import statement_of
from truenav.app.statements.words import Language
from truenav.core.ids import TenantId, UserId
from truenav.core.money import ZERO
from truenav.store import runs

GOAL_MS = 100


class Bench:
    """The demo fund after its first day. No two statements are alike, so that nothing is remembered."""

    def __init__(self) -> None:
        self.place = Installation("statement")
        self.place.truenav("demo", "--once")
        self.open = ExitStack()
        settings = read_settings({"TRUENAV_DATA_DIR": str(self.place.data)})
        self.house = self.open.enter_context(open_house(settings))
        self.principal = Principal(UserId("max"), TenantId("demo"), frozenset({"manager"}))
        self.numbers = itertools.count(1)
        self.last: dict[Language, bytes] = {}

    def print(self, language: Language, investor: str | None = None) -> bytes:
        """Read the run and print it."""
        other = _changed(self._read(), next(self.numbers))
        self.last[language] = statement_of(other, language, investor).pdf
        return self.last[language]

    def print_first(self) -> bytes:
        """Print a run that this process has not seen yet."""
        forget_runs()
        return self.print(Language.BOTH)

    def check(self) -> str:
        """The NAV is on the paper, to the cent."""
        expected = number(self._read().result.root.nav_usd)
        for language in Language:
            pages = PdfReader(io.BytesIO(self.print(language))).pages
            if expected not in pages[0].extract_text():
                raise AssertionError(f"{expected} is not on the first page of {language}")
        size = max(map(len, self.last.values())) // 1000
        return f"Each statement shows the NAV to the cent; {len(pages)} pages, at most {size} kB."

    def _read(self) -> Subject:
        with self.house.database.transaction(self.principal.tenant) as session:
            run = runs.list_runs(session, limit=1)[0]
            return read_subject(session, self.house, self.principal, run)


def _changed(subject: Subject, cents: int) -> Subject:
    """The run at another instant, each line and node worth some cents more."""
    more, result = Decimal(cents) / 100, subject.result
    funds = tuple(
        replace(
            fund,
            lines=tuple(replace(line, value_usd=(line.value_usd or ZERO) + more) for line in fund.lines),
        )
        for fund in result.funds
    )
    nodes = tuple(replace(node, value_usd=node.value_usd + 100 * more) for node in result.nodes)
    later = result.as_of + timedelta(seconds=cents)
    return replace(subject, result=replace(result, as_of=later, funds=funds, nodes=nodes))


def workload() -> Workload:
    bench = Bench()
    languages = {"truenav": Language.EN, "中文": Language.ZH, "both": Language.BOTH}
    contenders = [
        Contender(name, lambda language=language: bench.print(language))  # type: ignore[misc]
        for name, language in languages.items()
    ]
    first = Contender("both, a run never seen", bench.print_first)
    investor = Contender("one investor", lambda: bench.print(Language.BOTH, "Stiftung Mitte"))
    return Workload(
        title="Printing a NAV statement",
        items=1,
        unit="statement",
        ours="truenav",
        contenders=[*contenders, first, investor],
        goals=[
            Goal(f"ms, {name}", lambda seconds, name=name: 1000 * seconds[name], at_most=GOAL_MS)  # type: ignore[misc]
            for name in languages
        ],
        verify=bench.check,
        notes=[
            "Database and typesetting; a run never seen is decoded, the first of a process also loads fonts."
        ],
    )
