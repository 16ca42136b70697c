"""The list of mutations fits the engine, the tests and the docs; running the mutations is a program of its own."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from tests.harness.project_files import PROJECT_ROOT
from tests.programs.mutations.catalogue import MUTATIONS, numbered_mutations
from tests.programs.mutations.mutation import DoesNotApply, Mutation
from tests.programs.mutations.table import markdown_table

FEWEST = 50


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.id)
def test_a_mutations_text_occurs_once_in_its_file_and_its_replacement_is_python(mutation: Mutation) -> None:
    broken = mutation.apply_to((PROJECT_ROOT / mutation.path).read_text())
    compile(broken, mutation.path, "exec")
    assert mutation.text != mutation.instead


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.id)
def test_the_tests_that_should_catch_it_exist(mutation: Mutation) -> None:
    assert mutation.caught_by
    for test in mutation.caught_by:
        file, _, name = test.partition("::")
        tree = ast.parse((PROJECT_ROOT / file).read_text())
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert not name or name in defined, f"{file} has no test {name}"


def test_no_two_mutations_are_the_same() -> None:
    assert [name for name, times in Counter(mutation.id for mutation in MUTATIONS).items() if times > 1] == []
    changes = Counter((mutation.path, mutation.text, mutation.instead) for mutation in MUTATIONS)
    assert [change for change, times in changes.items() if times > 1] == []


def test_there_are_enough_mutations_of_both_sections() -> None:
    sections = Counter(mutation.section for mutation in MUTATIONS)
    assert len(MUTATIONS) >= FEWEST
    assert sections[5] >= 40
    assert sections[6] >= 20


def test_a_mutation_whose_text_is_gone_does_not_apply() -> None:
    with pytest.raises(DoesNotApply, match="stands 0 times"):
        MUTATIONS[0].apply_to("")


def test_the_table_in_the_docs_is_the_list() -> None:
    """`python -m tests.programs.mutations --list` prints it."""
    assert markdown_table(numbered_mutations()) in (PROJECT_ROOT / "docs" / "mutations.md").read_text()
