"""Names: one public class name stands in one module, and nothing is named by a participle."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.harness.project_files import PROJECT_ROOT, project_files

PRODUCT = ("schemas", "streams", "agents", "connectors")
EVERYWHERE = (*PRODUCT, "tests", "benchmarks")

PARTICIPLES = frozenset(
    {
        *("asked", "found", "given", "kept", "known", "left", "looked", "made", "moved", "said", "seen", "shown"),
        *("standing", "stood", "taken", "told", "wanted", "went", "written"),
    }
)
"""Words that say that something was done, and not what it is: `events_read` is a name, `read` and `told` are none."""

# Fields of records that exist: topics and changelogs hold them under these names.
ON_THE_WIRE = {
    ("schemas/outputs/handovers.py", "made"),
    ("schemas/outputs/leads.py", "made"),
    ("schemas/views/leads.py", "made"),
    ("streams/engine/decisions/outputs.py", "made"),
    ("streams/engine/partition/checkpoint.py", "standing"),
    ("streams/runtime/time/claims.py", "stood"),
    ("streams/serve/answers/explain.py", "known"),
    ("streams/serve/answers/explain.py", "made"),
    ("streams/serve/answers/workers.py", "told"),
}


def test_a_public_class_name_stands_in_one_module_only() -> None:
    homes: dict[str, set[str]] = defaultdict(set)
    for path, tree in sources(EVERYWHERE):
        for name in public_classes(tree):
            homes[name].add(str(path))
    assert len(homes) > 300
    assert {name: sorted(paths) for name, paths in homes.items() if len(paths) > 1} == {}


def test_no_module_folder_or_class_is_named_by_a_participle() -> None:
    names = {(str(path), part.removesuffix(".py")) for path, _ in sources(EVERYWHERE) for part in path.parts}
    names |= {(str(path), name) for path, tree in sources(EVERYWHERE) for name in public_classes(tree)}
    assert sorted(pair for pair in names if pair[1].lower() in PARTICIPLES) == []


def test_no_function_or_attribute_of_the_product_is_named_by_a_participle() -> None:
    found = {
        (str(path), name)
        for path, tree in sources(PRODUCT)
        for name in defined_names(tree)
        if name.strip("_") in PARTICIPLES
    }
    assert found == ON_THE_WIRE


def sources(tops: tuple[str, ...]) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file below one of `tops`, with its syntax tree."""
    for path in project_files():
        if path.suffix == ".py" and path.parts[0] in tops:
            yield path, ast.parse((PROJECT_ROOT / path).read_text())


def public_classes(tree: ast.Module) -> Iterator[str]:
    """The classes of a module, and the names that it gives to types."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign) and is_type(node.value):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        else:
            continue
        yield from (name for name in names if not name.startswith("_") and name[0].isupper() and not name.isupper())


def is_type(value: ast.expr) -> bool:
    """Whether the right side of an assignment reads as a type: `dict[str, int]`, `A | B`, `Callable[...]`."""
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.BitOr)
    return isinstance(value, ast.Subscript)


def defined_names(tree: ast.Module) -> Iterator[str]:
    """Functions and methods, and the annotated names of modules and classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef | ast.Module):
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    yield statement.target.id
