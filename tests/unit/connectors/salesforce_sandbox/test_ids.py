"""Record ids of the sandbox."""

from __future__ import annotations

import pytest

from connectors.salesforce_sandbox import ids


@pytest.mark.parametrize(
    ("short", "full"),
    [("006dM00000Mw7Vt", "006dM00000Mw7VtQAJ"), ("001dM00003kRs59", "001dM00003kRs59QAC")],
)
def test_the_suffix_is_that_of_real_ids(short: str, full: str) -> None:
    assert ids.to_18(short) == full
    assert ids.to_18(full) == full


def test_ids_differ() -> None:
    assert len({ids.make_id("00Q", number) for number in range(1, 5_000)}) == 4_999
