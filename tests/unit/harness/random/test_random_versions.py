"""Random documents that raise the engine version keep all but what the newer one refuses."""

from __future__ import annotations

from tests.harness.random.random_versions import in_version, sound_actions

PAIR = {"set_status": "rejected", "remove_from_campaign": "c"}
DOCUMENT = {
    "segments": [{"id": "s", "dynamic": True, "when": {"visit": {}}}],
    "campaigns": [{"id": "c", "automation": [{"id": "r", "when": {"visit": {}}, "then": PAIR}]}],
}


def test_raising_the_version_changes_only_actions_that_cannot_stand_together() -> None:
    assert in_version(DOCUMENT, 3) == {**DOCUMENT, "engine_version": 3}
    newer = in_version(DOCUMENT, 4)
    assert newer["segments"] == DOCUMENT["segments"]
    assert newer["campaigns"] == [
        {"id": "c", "automation": [{"id": "r", "when": {"visit": {}}, "then": {"set_status": "rejected"}}]}
    ]


def test_of_two_actions_that_are_refused_beside_one_another_one_stays() -> None:
    assert sound_actions({"set_points": 1, "add_points": 2}, "c") == {"set_points": 1}
    assert sound_actions({"add_to_segment": "a", "remove_from_segment": "a"}, "c") == {"add_to_segment": "a"}
    for sound in (
        {"add_to_segment": "a", "remove_from_segment": "b"},
        {"set_status": "qualified", "remove_from_campaign": "d"},
        {"set_status": "qualified", "add_points": 2, "notify": "sales"},
    ):
        assert sound_actions(sound, "c") == sound
