"""A search for inputs that break a parser, guided by which of its lines they reach: `search.py TARGET ...`.

A target is a connector, or `files`. All further arguments are libFuzzer's. The first byte of an input
chooses the parser, the others are what it reads.
"""

from __future__ import annotations

import json
import random
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import atheris

with atheris.instrument_imports(include=["truenav.connect", "truenav.core"]):
    from tests.connect.fuzz import corpus, judge
    from tests.connect.fuzz.mutate import LONGEST, document_changed, table_changed

    from truenav.connect import cefi
    from truenav.connect.bulk import LARGE
    from truenav.connect.registry import connector_names, parsers

    for name in connector_names():
        parsers(name)
    for folder in iter_modules(cefi.__path__):
        # The reader of large pages, which is loaded with the first of them.
        if folder.name == sys.argv[1] and find_spec(f"{cefi.__name__}.{folder.name}.fills") is not None:
            import_module(f"{cefi.__name__}.{folder.name}.fills")

SLOWER = 10
"""How much more thought is allowed while lines are counted."""
FILES = "files"


def main() -> None:
    """Search until libFuzzer's own limits, or to the first input that breaks something."""
    target = sys.argv.pop(1)
    judge.LONGEST_THOUGHT *= SLOWER
    choices = judge.layout_names() if target == FILES else sorted(parsers(target))
    change = table_changed if target == FILES else document_changed

    def try_one(data: bytes) -> None:
        if not data:
            return
        choice, body = choices[data[0] % len(choices)], data[1:]
        if target != FILES:
            judge.judge_payload(target, choice, corpus.sealed(target, body))
        elif data[0] < 128:
            judge.judge_file("export.csv", body)
        else:
            judge.judge_layout(choice, body)

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.5 or len(data) < 2:
            return bytes(atheris.Mutate(data, longest))
        return (data[:1] + change(data[1:], rng))[:longest]

    atheris.Setup(sys.argv, try_one, custom_mutator=mutate)
    atheris.Fuzz()


def write_corpus(target: str, folder: Path) -> None:
    """The good inputs as libFuzzer reads them, a file each."""
    if target == FILES:
        found = [(0, body) for _, body in corpus.files()]
    else:
        choices = sorted(parsers(target))
        seeds = [(choices.index(one.endpoint), one.body) for one in corpus.seeds(target)]
        found = [*seeds, *((first, large) for first, body in seeds if (large := enlarged(body)))]
    for number, (first, body) in enumerate(found):
        (folder / f"{number:03d}").write_bytes(bytes([first]) + body)


def enlarged(body: bytes) -> bytes:
    """A document whose lists of rows are repeated until it is a large page; nothing where it has none."""
    try:
        document = json.loads(body)
    except ValueError:
        return b""
    times = LARGE // len(body) + 2

    def repeated(value: Any) -> Any:
        if isinstance(value, list) and value and isinstance(value[0], dict | list):
            return value * times
        return {key: repeated(one) for key, one in value.items()} if isinstance(value, dict) else value

    large = json.dumps(repeated(document), separators=(",", ":")).encode()
    return large if LARGE < len(large) < LONGEST else b""


if __name__ == "__main__":
    write_corpus(sys.argv[1], Path(sys.argv[2]))
    main()
