"""The pages beside tests, which list inputs and what shows them, name a test for each, and tests that there are."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.harness.project_files import PROJECT_ROOT, project_files

PAGES = sorted(str(path) for path in project_files() if path.parts[0] == "tests" and path.name == "README.md")
FILE_OR_TEST = re.compile(r"`(tests/[\w/]+\.py(?:::\w+)?)`")


def read_page(page: str) -> str:
    return (PROJECT_ROOT / page).read_text()


def rows_of(page: str) -> list[list[str]]:
    """The cells of every row of the page's tables, without the first two lines of a table."""
    rows = []
    for table in re.findall(r"(?:^\|.*\n)+", read_page(page), re.MULTILINE):
        rows += [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()[2:]]
    return rows


NAMED = sorted({(page, named) for page in PAGES for named in FILE_OR_TEST.findall(read_page(page))})


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((PROJECT_ROOT / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_there_is_a_page_of_salesforce() -> None:
    assert "tests/integration/salesforce/README.md" in PAGES


@pytest.mark.parametrize("page", PAGES)
def test_every_row_of_a_page_names_a_test_in_each_cell_after_the_first(page: str) -> None:
    rows = rows_of(page)
    assert len(rows) > 20
    assert [row for row in rows if not row[1:] or not all(FILE_OR_TEST.search(cell) for cell in row[1:])] == []


@pytest.mark.parametrize(("page", "named"), NAMED)
def test_a_named_test_is_there(page: str, named: str) -> None:
    file, _, name = named.partition("::")
    assert (PROJECT_ROOT / file).is_file(), f"{page} names a file that there is not"
    assert not name or name in functions_of(file), f"{page} names a test that there is not"
