"""The list of faults beside the tests of Salesforce names tests that there are."""

from __future__ import annotations

import ast
import re

import pytest

from tests.harness.project_files import PROJECT_ROOT

PAGE = "tests/integration/salesforce/README.md"
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", (PROJECT_ROOT / PAGE).read_text())))


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 30


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_is_there(named: str) -> None:
    file, _, name = named.partition("::")
    tree = ast.parse((PROJECT_ROOT / file).read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert not name or name in defined
