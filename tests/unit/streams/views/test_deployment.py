"""How far back history reaches."""

from __future__ import annotations

from streams.views.deployment import Deployment, parse_deployment

DAY = 86_400_000
NOW = 100 * DAY


def deployment(since: int, *, is_complete: bool, retention: int = 7 * DAY) -> Deployment:
    return Deployment(1, NOW - DAY, since, is_complete, retention)


def test_nothing_is_cut_off_while_all_that_was_ever_written_is_younger_than_retention() -> None:
    assert deployment(NOW - 3 * DAY, is_complete=True).history_since(NOW) is None


def test_retention_cuts_off_what_is_older() -> None:
    assert deployment(NOW - 20 * DAY, is_complete=True).history_since(NOW) == NOW - 7 * DAY


def test_where_it_cuts_off_moves_by_minutes_and_never_promises_too_much() -> None:
    found = {
        deployment(NOW - 20 * DAY, is_complete=True).history_since(NOW + ms) for ms in (1, 30_000, 59_999, 60_000)
    }
    assert found == {NOW - 7 * DAY + 60_000}


def test_history_begins_where_the_topics_began_when_they_had_lost_their_beginning() -> None:
    assert deployment(NOW - 2 * DAY, is_complete=False).history_since(NOW) == NOW - 2 * DAY


def test_without_retention_nothing_is_ever_cut_off() -> None:
    assert deployment(NOW - 90 * DAY, is_complete=True, retention=-1).history_since(NOW) is None
    assert deployment(NOW - 90 * DAY, is_complete=False, retention=-1).history_since(NOW) == NOW - 90 * DAY


def test_the_hash_gives_back_what_was_written() -> None:
    written = deployment(NOW, is_complete=False)
    values = [str(value).encode() for value in written.fields()[1::2]]
    assert parse_deployment(values) == written
    assert parse_deployment([None, *values[1:]]) is None
