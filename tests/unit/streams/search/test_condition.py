"""A condition to search by is checked within the account's definitions, by their engine version."""

from __future__ import annotations

import pytest

from streams.errors import UsageError
from streams.search.condition import read_condition, validate_condition

CREATED = read_condition("{created: {older_than: 1d}}")


def test_a_word_that_the_accounts_version_does_not_know_is_refused() -> None:
    with pytest.raises(UsageError, match="created needs engine version 4, these definitions have 3") as refusal:
        validate_condition(CREATED, {"engine_version": 3, "segments": [{"id": "vip"}]})
    assert "segment search" not in str(refusal.value)


def test_a_word_of_the_accounts_version_is_accepted() -> None:
    assert validate_condition(CREATED, {"engine_version": 4}) is not None
