"""A draft with many mistakes: all are counted, the first ones are told."""

from __future__ import annotations

from streams.serve.questions.draft import MAX_PROBLEMS, plan_draft_text
from streams.settings import Settings

COUNT = MAX_PROBLEMS + 5


def test_of_many_mistakes_the_first_ones_are_told_with_their_lines() -> None:
    lines = [f"  - {{id: s{number}, name: S, dynamic: true}}" for number in range(COUNT)]
    text = "account: default\nsegments:\n" + "\n".join(lines) + "\n"
    count, faults, planned = plan_draft_text(Settings(), text, {}, quick=True)
    assert (count, len(faults), planned) == (COUNT, MAX_PROBLEMS, [])
    assert [each.line for each in faults] == list(range(3, 3 + MAX_PROBLEMS))
