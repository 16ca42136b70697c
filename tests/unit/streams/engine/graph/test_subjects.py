"""Values that conditions test one at a time."""

from __future__ import annotations

from streams.engine.graph.subjects import property_subject, score_subject, status_subject
from tests.harness.engine.conditions import contact


def test_a_subject_reads_its_value_of_a_contact() -> None:
    ada = contact(properties={"plan": "pro"}, status="bounced", score=3, scores={"fit": 5})
    subjects = (property_subject("plan"), status_subject(), score_subject(None), score_subject("fit"))
    assert [subject.read(ada) for subject in subjects] == ["pro", "bounced", 3, 5]


def test_a_property_that_is_missing_is_none_and_a_score_that_is_missing_is_0() -> None:
    ada = contact(score=3)
    assert property_subject("plan").read(ada) is None
    assert score_subject("fit").read(ada) == 0
