"""A newer meaning of the engine: which release is decided by which version."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_LOG = "tests/unit/streams/engine/releases/test_release_log.py"
_KEPT = f"{_LOG}::test_a_release_keeps_the_engine_version_of_the_one_before_until_it_states_a_newer_one"
_STATE = "tests/unit/streams/engine/test_version.py"
_CHECKPOINT = f"{_STATE}::test_state_keeps_the_newest_version_of_its_releases"
_REFUSED = f"{_STATE}::test_state_of_an_unknown_engine_version_is_refused"
_WORDS = "tests/unit/streams/engine/validation/test_versions.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="version-kept",
        section=6,
        rule="a release that states no version keeps the one before",
        where="releases/release_log.py",
        text="version = OLDEST_VERSION if latest is None else latest.definitions.engine_version",
        instead="version = OLDEST_VERSION",
        caught_by=(_KEPT,),
    ),
    Mutation(
        id="version-never-down",
        section=6,
        rule="the number of the meaning rises",
        where="releases/release_log.py",
        text="if result.definitions.engine_version < version:",
        instead="if result.definitions.engine_version < 0:",
        caught_by=(f"{_LOG}::test_an_engine_version_never_goes_down",),
    ),
    Mutation(
        id="oldest-version-stated",
        section=6,
        rule="a record that the former engine holds void is void for the newer one too, so that numbers agree",
        where="releases/release_log.py",
        text='if record.definitions.get("engine_version") == OLDEST_VERSION:',
        instead='if record.definitions.get("engine_version") == 0:',
        caught_by=(f"{_LOG}::test_a_record_that_states_the_oldest_version_is_void_for_every_engine",),
    ),
    Mutation(
        id="oldest-version-written",
        section=6,
        rule="a record of the former version reads the same to the former engine",
        where="releases/release_log.py",
        text='if document["engine_version"] != OLDEST_VERSION:',
        instead='if document["engine_version"]:',
        caught_by=(f"{_LOG}::test_the_oldest_version_is_left_out_of_a_record_since_its_engine_knows_no_such_key",),
    ),
    Mutation(
        id="lowered-version-refused",
        section=6,
        rule="the number rises: a version lower than the account's is refused before a void record is written",
        where="validation/versions.py",
        text="or stated >= latest:",
        instead="or stated:",
        caught_by=(f"{_LOG}::test_a_document_with_a_lower_version_than_the_account_is_refused",),
    ),
    Mutation(
        id="version-of-marker",
        section=6,
        rule="it enters each journal partition as a numbered record",
        where="releases/release_log.py",
        text="semantics=self.definitions.engine_version,",
        instead="semantics=NEWEST_VERSION,",
        caught_by=(_KEPT,),
    ),
    Mutation(
        id="version-of-state",
        section=6,
        rule="an engine that does not know the version of a partition must not go on from its state",
        where="partition/decider.py",
        text="self._version = state.semantics",
        instead="pass",
        caught_by=(_CHECKPOINT,),
    ),
    Mutation(
        id="version-not-before-a-release",
        section=6,
        rule="before the record is written the former engine can go on",
        where="partition/decider.py",
        text="self._version: int = OLDEST_VERSION",
        instead="self._version: int = OLDEST_VERSION + 1",
        caught_by=(f"{_STATE}::test_state_without_any_release_has_the_oldest_version",),
    ),
    Mutation(
        id="newer-version-refused",
        section=6,
        rule="an engine refuses a version that it does not know",
        where="version.py",
        text="if not OLDEST_VERSION <= number <= NEWEST_VERSION:",
        instead="if number < OLDEST_VERSION:",
        caught_by=(_REFUSED,),
    ),
    Mutation(
        id="older-version-refused",
        section=6,
        rule="an engine refuses a version that it does not know any more",
        where="version.py",
        text="if not OLDEST_VERSION <= number <= NEWEST_VERSION:",
        instead="if number > NEWEST_VERSION:",
        caught_by=(_REFUSED,),
    ),
    Mutation(
        id="newer-words-refused",
        section=6,
        rule="what check refuses is part of the version",
        where="validation/versions.py",
        text="if definitions.engine_version >= _VALUES_VERSION:",
        instead="if definitions.engine_version >= 0:",
        caught_by=(f"{_WORDS}::test_a_newer_word_is_refused_by_name",),
    ),
)
