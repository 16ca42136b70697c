"""The log decides which records of `definitions` are releases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION
from schemas.values import instant_ms
from streams.engine.releases.release_log import Release, ReleaseLog, next_document
from streams.errors import DefinitionsRefused

NOON = instant_ms("2026-03-01T12:00:00Z")


def record(based_on: int = 0, account: str = "default", **fields: Any) -> bytes:
    definitions = {"account": account, "segments": [{"id": "vip"}], **fields.pop("definitions", {})}
    value = {"type": "definitions.applied", "id": f"r{based_on}", "account": account, "based_on": based_on}
    return json.dumps({**value, "definitions": definitions, **fields}).encode()


def test_the_number_is_the_rank_among_the_valid_ones() -> None:
    log = ReleaseLog()
    first = log.add(3, NOON, b"default", record(0))
    void = log.add(4, NOON, b"default", record(0))
    second = log.add(7, NOON + 1, b"default", record(1))
    assert first is not None
    assert (first.number, first.offset, first.semantics, first.at) == (1, 3, OLDEST_VERSION, NOON)
    assert void is None
    assert log.void_releases[0].reason == "based on release 0, but 1 is the latest"
    assert second is not None
    assert (second.number, second.offset) == (2, 7)
    latest = log.latest("default")
    assert latest is not None
    assert latest.number == 2
    assert log.get("default", 1).offset == 3
    assert [release.number for release in log.releases_of("default")] == [1, 2]


def test_accounts_never_see_each_other() -> None:
    log = ReleaseLog()
    assert log.add(0, NOON, b"a", record(0, "a")) is not None
    other = log.add(1, NOON, b"b", record(0, "b"))
    assert other is not None
    assert (other.account, other.number) == ("b", 1)
    assert log.accounts() == ("a", "b")
    assert log.latest("c") is None
    with pytest.raises(KeyError, match="account a has no release 2"):
        log.get("a", 2)


def test_a_base_from_the_future_is_void_too() -> None:
    log = ReleaseLog()
    assert log.add(0, NOON, b"default", record(5)) is None
    assert log.void_releases[0].reason == "based on release 5, but 0 is the latest"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "not a release"),
        (b"{", "not a release"),
        (b"\xff", "not a release"),
        (b"[" * 100_000, "not a release"),
        (json.dumps({"type": "something.else", "definitions": {}}).encode(), "not a release"),
        (record(definitions={"segments": [{"id": "x", "dynamic": True}]}), "segments[0].dynamic: a dynamic segment"),
        (record(account="other", definitions={"account": "default"}), "the definitions are of the account default"),
    ],
)
def test_a_record_that_is_not_a_release_is_void(value: bytes | None, reason: str) -> None:
    log = ReleaseLog()
    assert log.add(0, NOON, b"default", value) is None
    assert log.void_releases[0].reason.startswith(reason)
    assert log.add(1, NOON, b"default", record(0)) is not None


def test_without_an_account_in_the_record_the_key_names_it() -> None:
    value = json.dumps({"type": "definitions.applied", "definitions": {"account": "acme"}}).encode()
    marker = ReleaseLog().add(0, NOON, b"acme", value)
    assert marker is not None
    assert marker.account == "acme"


@pytest.mark.parametrize(
    ("clock", "record_at", "at"),
    [
        ("wall", None, NOON),
        ("wall", "2026-03-01T11:00:00Z", NOON - 3_600_000),
        ("wall", "2026-03-01T13:00:00Z", NOON),
        ("events", "2026-03-01T13:00:00Z", NOON + 3_600_000),
        ("events", None, None),
    ],
)
def test_a_release_takes_effect_at_its_arrival_at_most_on_the_wall_clock(
    clock: Any, record_at: str | None, at: int | None
) -> None:
    marker = ReleaseLog(clock).add(0, NOON, b"default", record(at=record_at))
    assert marker is not None
    assert marker.at == at


def test_the_hash_depends_on_the_content_and_not_on_its_spelling() -> None:
    one = ReleaseLog().add(0, NOON, b"default", record(definitions={"plan": "premium", "time_zone": "UTC"}))
    other = ReleaseLog().add(0, NOON, b"default", record(definitions={"time_zone": "UTC", "plan": "premium"}))
    third = ReleaseLog().add(0, NOON, b"default", record(definitions={"plan": "basic", "time_zone": "UTC"}))
    assert one is not None
    assert other is not None
    assert third is not None
    assert one.hash == other.hash != third.hash


def test_a_repeated_offset_changes_nothing() -> None:
    log = ReleaseLog()
    assert log.add(0, NOON, b"default", record(0)) is not None
    assert log.add(0, NOON, b"default", record(0)) is None
    assert log.void_releases == []


def versions(*stated: int | None) -> list[int | str]:
    """The engine versions of an account's releases that state these; the reason where one is void."""
    log, result = ReleaseLog(), list[int | str]()
    for number, version in enumerate(stated):
        definitions = {} if version is None else {"engine_version": version}
        marker = log.add(number, NOON, b"default", record(definitions=definitions, based_on=number))
        result.append(marker.semantics if marker is not None else log.void_releases[-1].reason)
    return result


def test_a_release_keeps_the_engine_version_of_the_one_before_until_it_states_a_newer_one() -> None:
    assert versions(None, None, 4, None, 4) == [3, 3, 4, 4, 4]
    assert versions(4, None) == [4, 4]


@pytest.mark.parametrize("former", [(), (None,)])
def test_a_record_that_states_the_oldest_version_is_void_for_every_engine(former: tuple[None, ...]) -> None:
    # The engine of the oldest version does not know the key, so its releases would have other numbers.
    assert versions(*former, 3)[-1] == "engine version 3 is never stated: leave `engine_version` out"


def test_an_engine_version_never_goes_down() -> None:
    assert versions(4, 3) == [4, "engine version 3 is before 4, that of release 1"]


def test_the_release_that_raises_the_version_has_new_words() -> None:
    log = ReleaseLog()
    segments = [{"id": "s", "dynamic": True, "when": {"visit": {}, "sum": {"of": "amount", "gte": 5}}}]
    assert log.add(0, NOON, b"default", record(definitions={"segments": segments})) is None
    assert "sum needs engine version 4, these definitions have 3" in log.void_releases[-1].reason
    raised = record(definitions={"engine_version": 4, "segments": segments})
    assert log.add(1, NOON, b"default", raised) is not None


def release_of(**definitions: Any) -> Release:
    log = ReleaseLog()
    assert log.add(0, NOON, b"default", record(definitions=definitions)) is not None
    return log.get("default", 1)


def test_a_first_document_states_the_newest_version_where_it_states_none() -> None:
    assert next_document({"plan": "basic"}, None) == {"plan": "basic", "engine_version": NEWEST_VERSION}
    assert next_document({"engine_version": 4}, None) == {"engine_version": 4}


def test_a_later_document_keeps_the_version_where_it_states_none() -> None:
    assert next_document({"plan": "basic"}, release_of()) == {"plan": "basic"}
    assert next_document({"engine_version": 4}, release_of()) == {"engine_version": 4}


def test_the_oldest_version_is_left_out_of_a_record_since_its_engine_knows_no_such_key() -> None:
    assert next_document({"plan": "basic", "engine_version": 3}, None) == {"plan": "basic"}
    assert next_document({"plan": "basic", "engine_version": 3}, release_of()) == {"plan": "basic"}


def test_a_document_with_a_lower_version_than_the_account_is_refused() -> None:
    with pytest.raises(DefinitionsRefused, match="engine_version: engine version 3 is before 4"):
        next_document({"engine_version": 3}, release_of(engine_version=4))


def test_the_document_of_a_release_can_be_had_with_its_version() -> None:
    log = ReleaseLog()
    log.add(0, NOON, b"default", record(definitions={"plan": "basic"}))
    release = log.get("default", 1)
    assert release.versioned_document == {**release.document, "engine_version": 3}
    assert "engine_version" not in release.document
