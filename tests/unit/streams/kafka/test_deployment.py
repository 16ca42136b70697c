"""What is fixed when topics are created: a worker set otherwise is refused, a reader takes what is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from streams.errors import TopicsMismatch
from streams.kafka.deployment import DECIDING_SETTINGS, DeploymentRecord
from streams.kafka.partitions import partition_for_key
from streams.settings import Settings, variable_name

SAME: dict[str, Any] = {
    "clock": "events",
    "partitions": 3,
    "lateness_ms": 5,
    "repeat_ms": 6,
    "repeat_ids": 7,
    "grace_ms": 800,
    "normalize_ids": True,
}
OTHER: dict[str, Any] = {
    "clock": "wall",
    "partitions": 2,
    "lateness_ms": 4,
    "repeat_ms": 5,
    "repeat_ids": 8,
    "grace_ms": 900,
    "normalize_ids": False,
}


def _text(value: Any) -> str:
    return str(value).lower()


MADE = DeploymentRecord.from_settings(Settings(**SAME))
FORMER = DeploymentRecord("events", 3)
"""The record of an earlier engine, which recorded nothing else."""


def test_a_worker_set_alike_is_taken() -> None:
    MADE.require(Settings(**SAME))
    assert MADE.is_complete


@pytest.mark.parametrize("name", SAME)
def test_a_worker_set_otherwise_is_told_what_to_set(name: str) -> None:
    with pytest.raises(TopicsMismatch) as error:
        MADE.require(Settings(**{**SAME, name: OTHER[name]}))
    assert str(error.value) == (
        f"this deployment was created with {name}={_text(SAME[name])} and is asked for {name}={_text(OTHER[name])};"
        f" set {variable_name(name)}={_text(SAME[name])}, or create topics under another prefix"
    )


def test_the_partition_of_a_contact_follows_from_its_id_in_new_deployments() -> None:
    keys = [b"default/c%d" % number for number in range(50)]
    assert [MADE.journal_partition(key) for key in keys] == [partition_for_key(key[8:], 3) for key in keys]
    assert MADE.journal_partition(b"acme/a/b") == partition_for_key(b"a/b", 3)


def test_a_deployment_of_an_earlier_engine_keeps_contacts_where_they_are() -> None:
    keys = [b"default/c%d" % number for number in range(50)]
    assert [FORMER.journal_partition(key) for key in keys] == [partition_for_key(key, 3) for key in keys]


def test_a_deployment_of_an_earlier_engine_keeps_ids_as_they_are() -> None:
    assert FORMER.contact_id(" Ada ") == " Ada "
    with pytest.raises(TopicsMismatch, match="normalize_ids=false and is asked for normalize_ids=true"):
        FORMER.require(Settings(clock="events", partitions=3, normalize_ids=True))


def test_a_deployment_that_normalizes_ids_knows_every_spelling() -> None:
    assert {MADE.contact_id(each) for each in ("ada", " ADA", "Ada\n")} == {"ada"}


def test_a_reader_that_is_not_told_takes_what_is_recorded() -> None:
    settings = MADE.settings_of_reader(Settings(prefix="p-"))
    assert {name: getattr(settings, name) for name in DECIDING_SETTINGS} == {
        name: SAME[name] for name in DECIDING_SETTINGS
    }
    assert settings.prefix == "p-"
    assert settings.engine == Settings(**SAME).engine


@pytest.mark.parametrize("name", DECIDING_SETTINGS)
def test_a_reader_that_is_told_otherwise_says_so(name: str) -> None:
    assert MADE.settings_of_reader(Settings(**{name: SAME[name]})).lateness_ms == 5
    with pytest.raises(TopicsMismatch, match=rf"created with {name}={_text(SAME[name])} and is asked for {name}="):
        MADE.settings_of_reader(Settings(**{name: OTHER[name]}))


def test_without_a_record_of_them_settings_decide_as_they_did() -> None:
    settings = Settings(**{**SAME, "lateness_ms": 4, "normalize_ids": False})
    FORMER.require(settings)
    assert not FORMER.is_complete
    assert FORMER.settings_of_reader(settings) == settings


def test_the_first_worker_completes_the_record_of_an_earlier_engine() -> None:
    completed = FORMER.complete(Settings(**SAME))
    assert completed.decisions == {**MADE.decisions, "normalize_ids": False}
    assert MADE.complete(Settings(**{**SAME, "lateness_ms": 4})) == MADE
    half = DeploymentRecord("events", 3, {"lateness_ms": 4})
    assert half.complete(Settings(**SAME)).decisions == {**completed.decisions, "lateness_ms": 4}


def test_a_setting_that_a_later_engine_recorded_is_passed_over() -> None:
    later = DeploymentRecord("events", 3, {**MADE.decisions, "of_a_later_engine": True})
    later.require(Settings(**SAME))
    assert later.settings_of_reader(Settings(**SAME)) == Settings(**SAME)
