"""A draft that cannot be applied is refused with all its mistakes."""

from __future__ import annotations

import pytest

from tests.harness.serve.api import serving

WRONG = "- {id: s%d, dynamic: true, when: {property: country, eqq: DE}}\n"


@pytest.mark.parametrize(("number", "told"), [(1, "1 mistake in it"), (2, "2 mistakes in it")])
async def test_the_mistakes_of_a_draft_are_counted(number: int, told: str) -> None:
    text = "segments:\n" + "".join(WRONG % each for each in range(number))
    async with serving() as (_, client):
        answer = await client.post("/api/v1/definitions/plan", json={"text": text})
    assert answer.status_code == 422
    assert answer.json()["detail"] == f"the draft cannot be applied: {told}"
    assert [each["line"] for each in answer.json()["errors"]] == [2, 3][:number]
