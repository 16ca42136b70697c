"""Live changes: where a stream begins, what it tells, how many there are; and questions that take long."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_CHANGES = "streams/serve/routes/changes.py"
_STREAM = "streams/serve/live/event_stream.py"
_VERSIONS = "streams/serve/live/versions.py"
_LONG = "streams/serve/questions/long_questions.py"
_PROCESSES = "streams/serve/questions/processes.py"
_FOLLOWING = "tests/unit/streams/serve/routes/test_following.py"
_READING = "tests/unit/streams/serve/routes/test_reading.py"
_OF_STREAM = "tests/unit/streams/serve/live/test_event_stream.py"
_OF_VERSIONS = "tests/unit/streams/serve/live/test_versions.py"
_QUESTIONS = "tests/unit/streams/serve/questions"
_FRESHNESS = "tests/unit/streams/serve/test_freshness.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="stream-last-event",
        section=10,
        rule="a stream that broke off goes on behind the last change that its client has",
        where=_CHANGES,
        text="start = last_event_id or after\n",
        instead="start = after or last_event_id\n",
        caught_by=(f"{_FOLLOWING}::test_a_client_that_comes_again_goes_on_behind_the_last_change_that_it_has",),
    ),
    Mutation(
        id="stream-position",
        section=10,
        rule="a text that is no position is refused",
        where=_CHANGES,
        text="not _POSITION.fullmatch(last_event_id)",
        instead="not _POSITION.match(last_event_id)",
        caught_by=(f"{_READING}::test_a_position_that_is_none_is_refused",),
    ),
    Mutation(
        id="stream-from-now",
        section=10,
        rule="a client that names no position is told what comes from now on",
        where=_CHANGES,
        text='start = latest.last or "0-0"',
        instead='start = "0-0"',
        caught_by=(f"{_FOLLOWING}::test_a_client_that_names_none_is_told_what_comes_from_now_on",),
    ),
    Mutation(
        id="stream-id",
        section=10,
        rule="each change has its position as its id",
        where=_CHANGES,
        text="_encode(change.record).decode(), change.position)",
        instead="_encode(change.record).decode())",
        caught_by=(f"{_FOLLOWING}::test_each_change_has_its_position_as_the_id_that_browsers_send_again",),
    ),
    Mutation(
        id="stream-missed-first",
        section=10,
        rule="what was missed is told before what comes behind the gap",
        where=_CHANGES,
        text='events.insert(0, StreamEvent("missed",',
        instead='events.insert(9, StreamEvent("missed",',
        caught_by=(f"{_FOLLOWING}::test_what_was_missed_is_told_before_what_comes_behind_the_gap",),
    ),
    Mutation(
        id="stream-watched",
        section=10,
        rule="only what is watched is told of",
        where="streams/serve/live/sources.py",
        text='return {name: versions.get(name, "") for name in tables}',
        instead="return versions",
        caught_by=(f"{_FOLLOWING}::test_only_what_is_watched_is_told_of",),
    ),
    Mutation(
        id="questions-counted-down",
        section=10,
        rule="a question that is answered makes room for another",
        where=_LONG,
        text="            self._count -= 1\n",
        instead="            pass\n",
        caught_by=(f"{_QUESTIONS}/test_long_questions.py::test_those_that_are_answered_make_room_for_others",),
    ),
    Mutation(
        id="question-file",
        section=10,
        rule="a condition that a client sends names no file of the server",
        where="streams/serve/questions/condition.py",
        text="if text.lstrip().startswith(FILE_PREFIX):",
        instead="if text.startswith(FILE_PREFIX * 2):",
        caught_by=(f"{_QUESTIONS}/test_condition.py::test_the_name_of_a_file_is_no_condition",),
    ),
)
