"""The oracle owes nothing to the product but its words."""

import ast
from pathlib import Path

import pytest

FILES = sorted(one for one in Path(__file__).parent.glob("*.py") if not one.name.startswith("test_"))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports cannot be checked"
            found |= {f"{node.module}.{one.name}" for one in node.names}
        elif isinstance(node, ast.Name) and node.id in ("__import__", "importlib"):
            found.add("truenav by a back door")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_oracle_imports_of_the_product_only_the_core(path: Path) -> None:
    product = {name for name in imported(path) if name.split(".")[0].startswith("truenav")}
    assert all(name.startswith("truenav.core.") for name in product), product


def test_the_oracle_leans_on_no_other_test_code() -> None:
    tests = {name for path in FILES for name in imported(path) if name.startswith("tests.")}
    assert all(name.startswith("tests.oracle.") for name in tests), tests
