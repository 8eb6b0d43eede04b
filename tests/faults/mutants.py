"""Small wrongs in the product's own source, one at a time: what a test suite must notice."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}


def mutants(source: str, *, seed: int, most: int) -> list[tuple[str, str]]:
    """At most so many mutants of a module, chosen by the seed: where and what, and the source with it."""
    every = sum(1 for _ in _wrongs(ast.parse(source)))
    chosen = sorted(random.Random(seed).sample(range(every), min(most, every)))
    return [_mutant(source, number) for number in chosen]


def _mutant(source: str, number: int) -> tuple[str, str]:
    tree = ast.parse(source)
    for place, (node, wrong) in enumerate(_wrongs(tree)):
        if place == number:
            what = f"line {node.lineno}: {ast.unparse(node)[:70]} -> {ast.unparse(wrong)[:70]}"
            changed = _Swap(node, wrong).visit(tree)
            return what, ast.unparse(ast.fix_missing_locations(changed))
    raise AssertionError(number)


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _wrongs(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, ast.expr | ast.stmt]]:
    """Every node of a function's body that can be wrong, and what it is then.

    Hints and sentences are left alone: they compute nothing.
    """
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                yield from _within(statement)


def _within(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, ast.expr | ast.stmt]]:
    if isinstance(node, ast.FunctionDef | ast.JoinedStr | ast.Raise | ast.Assert):
        return
    yield from _wrongs_of(node)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _within(child)


def _wrongs_of(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, ast.expr | ast.stmt]]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARED:
            yield node, _changed(node, ops=[_COMPARED[type(op)]()])
        case ast.BinOp(op=op) if type(op) in _COMPUTED:
            yield node, _changed(node, op=_COMPUTED[type(op)]())
        case ast.BoolOp(op=op):
            yield node, _changed(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield node, operand
        case ast.IfExp(test=test):
            yield node, _changed(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.If(test=test):
            yield node, _changed(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Constant(value=bool() as value):
            yield node, ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield node, ast.Constant(value + 1)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield node, ast.Return(ast.Constant(None))
        case ast.Continue():
            yield node, ast.Break()


def _changed(node: ast.AST, **fields: object) -> ast.expr | ast.stmt:
    made = copy.copy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    assert isinstance(made, ast.expr | ast.stmt)
    return made


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
