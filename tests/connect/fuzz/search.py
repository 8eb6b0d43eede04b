"""A search for inputs that break a parser, guided by which of its lines they reach: `search.py TARGET ...`.

A target is a connector, or `files`. All further arguments are libFuzzer's. The first byte of an input
chooses the parser, the others are what it reads.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["truenav.connect", "truenav.core"]):
    from tests.connect.fuzz import corpus, judge
    from tests.connect.fuzz.mutate import document_changed, table_changed

    from truenav.connect.registry import connector_names, parsers

    for name in connector_names():
        parsers(name)

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
        found = [(choices.index(one.endpoint), one.body) for one in corpus.seeds(target)]
    for number, (first, body) in enumerate(found):
        (folder / f"{number:03d}").write_bytes(bytes([first]) + body)


if __name__ == "__main__":
    write_corpus(sys.argv[1], Path(sys.argv[2]))
    main()
