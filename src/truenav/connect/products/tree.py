"""YAML as a tree of texts: nothing is turned into a number, and each part knows the line that it stands on.

YAML 1.1 would read ``00:02`` as a number of base 60 and ``0.0003`` as a float; here both stay text. A file is
data and no program: aliases, tags and keys given twice are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import yaml

from truenav.core.product import ProductRulesError

LARGEST_FILE = 128 * 1024
"""Bytes of UTF-8 that a file may have."""

DEEPEST = 12
"""How deep lists and mappings may lie in each other."""

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


MOST_TOLD = 50
"""Problems of a file that one refusal tells; the others are counted."""


class Problem(NamedTuple):
    """What is wrong in a file, and on which line."""

    line: int
    reason: str


class ProductFileError(ProductRulesError):
    """A file with the rules of products cannot be read: what is wrong with it, each with file and line."""

    code = "product-file"
    title = "The file with product rules cannot be read"

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        told = [f"{file}, line {line}: {reason}" for line, reason in problems[:MOST_TOLD]]
        more = len(problems) - len(told)
        told += [f"{file}: {more} more problems are not told here."] if more else []
        super().__init__("\n".join(told), file=file, line=problems[0].line, problems=tuple(problems))
        self.file, self.problems = file, tuple(problems)


class Problems:
    """What is wrong with parts of a file that are read one beside the other."""

    def __init__(self) -> None:
        self.found: list[ProductFileError] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep a refusal of what is read within, and go on behind it."""
        try:
            yield
        except ProductFileError as error:
            self.found.append(error)

    def refuse(self) -> None:
        """One refusal of all that was kept, by lines, if there is any."""
        if self.found:
            each = (problem for error in self.found for problem in error.problems)
            raise ProductFileError(self.found[0].file, sorted(each, key=lambda problem: problem.line))


@dataclass(frozen=True, slots=True)
class Node:
    """A text, a list or a mapping, with the file and line where it begins.

    ``quoted`` is a text that was written in quotation marks, so that it cannot mean an absent value.
    """

    value: Value
    file: str
    line: int
    quoted: bool = False

    def refusal(self, message: str) -> ProductFileError:
        """The error that this part of the file is wrong."""
        return ProductFileError(self.file, [Problem(self.line, message)])


Value: TypeAlias = str | Sequence[Node] | Mapping[str, Node]


def read_tree(text: str, *, name: str) -> Node:
    """The tree of a YAML text; JSON is YAML too. `ProductFileError` where it cannot be read as one."""
    start = Node("", name, 1)
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise start.refusal("the text holds half of a surrogate pair; save the file as UTF-8.") from error
    if size > LARGEST_FILE:
        raise start.refusal(f"{size} bytes are too many; a file may have {LARGEST_FILE}.")
    try:
        return _document(yaml.parse(text, Loader=_LOADER), start)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Node("", name, 1 if mark is None else mark.line + 1)
        raise place.refusal(
            f"this is no YAML: {error.problem or error.context}. A text with a colon needs quotation marks."
        ) from error
    except yaml.YAMLError as error:
        raise start.refusal(f"this is no YAML: {' '.join(str(error).split())[:200]}.") from error


def _document(events: Iterator[yaml.Event], start: Node) -> Node:
    root = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root is not None:
                raise _at(event, start).refusal("a second document begins; a file holds one family.")
            root = _node(next(events), events, start, 0)
    if root is None:
        raise start.refusal("the file is empty.")
    return root


def _at(event: yaml.Event, start: Node) -> Node:
    mark = event.start_mark
    return Node("", start.file, start.line if mark is None else mark.line + 1)


def _node(event: yaml.Event, events: Iterator[yaml.Event], start: Node, depth: int) -> Node:
    here = _at(event, start)
    if isinstance(event, yaml.AliasEvent):
        raise here.refusal(f"*{event.anchor} is an alias; write the value out where it is meant.")
    if (tag := getattr(event, "tag", None)) is not None:
        raise here.refusal(f"{tag!r} is a tag; values need none.")
    if isinstance(event, yaml.ScalarEvent):
        return Node(event.value, here.file, here.line, quoted=bool(event.style))
    if depth == DEEPEST:
        raise here.refusal(f"lists and mappings lie more than {DEEPEST} deep in each other.")
    if isinstance(event, yaml.SequenceStartEvent):
        return Node(_items(events, start, depth), here.file, here.line)
    return Node(_entries(events, start, depth), here.file, here.line)


def _items(events: Iterator[yaml.Event], start: Node, depth: int) -> tuple[Node, ...]:
    items = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        items.append(_node(event, events, start, depth + 1))
    return tuple(items)


def _entries(events: Iterator[yaml.Event], start: Node, depth: int) -> dict[str, Node]:
    entries: dict[str, Node] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events, start, depth + 1)
        if not isinstance(key.value, str):
            raise key.refusal("a list or mapping cannot be a key.")
        if key.value in entries:
            raise key.refusal(f"{key.value[:60]!r} is given twice, first on line {entries[key.value].line}.")
        entries[key.value] = _node(next(events), events, start, depth + 1)
    return entries
