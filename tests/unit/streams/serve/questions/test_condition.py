"""The condition of a search is what the client wrote, and never a file of the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import UsageError
from streams.serve.questions.condition import read_condition_text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a condition."""
    path = tmp_path / "condition.yaml"
    path.write_text("{property: country, eq: DE}")
    return path


@pytest.mark.parametrize("before", ["", " ", "\n\t"])
def test_the_name_of_a_file_is_no_condition(file: Path, before: str) -> None:
    with pytest.raises(UsageError, match="a condition is such as"):
        read_condition_text(f"{before}@{file}")


def test_a_text_that_is_one_is_read() -> None:
    assert read_condition_text("{property: country, eq: DE}").values == {"property": "country", "eq": "DE"}
