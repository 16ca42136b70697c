"""What a lead keeps of the CRM's answers, and who gave a command."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_ENGINE = "tests/unit/streams/engine"
_RESULTS = f"{_ENGINE}/decisions/hand_overs/test_crm_results.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="retry-is-newer",
        section=8,
        rule="The number of a retry by hand makes its answer the newer one",
        where="decisions/hand_overs/crm_results.py",
        text='return list(fields.get("number", ())), fields.get("retry", 0)',
        instead='return list(fields.get("number", ())), 0',
        caught_by=(f"{_RESULTS}::test_an_answer_that_comes_after_the_one_of_its_retry_is_older",),
    ),
    Mutation(
        id="older-answers-change-nothing",
        section=8,
        rule="The lead keeps the last hand-over answered",
        where="decisions/hand_overs/crm_results.py",
        text="    if answer_rank(answer) < answer_rank(crm):\n        return None\n",
        instead="",
        caught_by=(f"{_ENGINE}/decisions/test_leads.py::test_a_result_of_an_older_hand_over_is_ignored",),
    ),
    Mutation(
        id="retry-of-a-former-answer",
        section=8,
        rule="Nothing of a former answer stays in a newer one",
        where="decisions/hand_overs/crm_results.py",
        text='_ANSWER_FIELDS = ("retry", "code", "message", "notes", "more_notes")',
        instead='_ANSWER_FIELDS = ("notes",)',
        caught_by=(
            f"{_RESULTS}::test_a_retry_by_hand_replaces_the_answer_that_it_repeats",
            f"{_RESULTS}::test_a_newer_hand_over_counts_more_than_any_retry_of_an_older_one",
        ),
    ),
    Mutation(
        id="membership-of-a-former-record",
        section=8,
        rule="Merged there: the link follows the survivor, whose membership is another one",
        where="decisions/hand_overs/crm_results.py",
        text='merged.pop("member", None)',
        instead='merged.get("member", None)',
        caught_by=(f"{_RESULTS}::test_a_link_that_follows_a_survivor_names_its_record_and_only_its_membership",),
    ),
    Mutation(
        id="outcomes-answer-no-hand-over",
        section=8,
        rule="A lead's outcome speaks for its opportunities, not for a hand-over",
        where="decisions/hand_overs/crm_results.py",
        text="if name not in _HAND_OVER_FIELDS}",
        instead="}",
        caught_by=(f"{_RESULTS}::test_an_outcome_answers_no_hand_over_and_speaks_for_itself",),
    ),
    Mutation(
        id="record-of-the-newest-answer",
        section=8,
        rule="A hand-over names the record of the newest answer, so that it follows the survivor",
        where="decisions/output_builder.py",
        text='max(linked, key=record_rank)["record"]',
        instead='linked[0]["record"]',
        caught_by=(f"{_RESULTS}::test_a_hand_over_names_the_record_of_the_newest_answer",),
    ),
    Mutation(
        id="updates-answer-no-hand-over",
        section=8,
        rule="The lead keeps the last hand-over answered, whatever becomes of an update after it",
        where="decisions/hand_overs/crm_results.py",
        text="    if answer.pop(_UPDATE, False):\n        return _next_after_update(crm, event_type, answer)\n",
        instead="    answer.pop(_UPDATE, False)\n",
        caught_by=(
            f"{_RESULTS}::test_the_failure_of_an_update_stands_beside_the_answer_to_the_hand_over",
            f"{_RESULTS}::test_the_link_of_an_update_leaves_a_hand_over_refused",
        ),
    ),
    Mutation(
        id="updates-before-the-hand-over",
        section=8,
        rule="A hand-over as new as an update, or newer, replaces what was said of the update",
        where="decisions/hand_overs/crm_results.py",
        text="        merged.pop(_UPDATE, None)  # the snapshot",
        instead="        pass  # the snapshot",
        caught_by=(f"{_RESULTS}::test_a_hand_over_as_new_as_an_update_replaces_its_answer",),
    ),
    Mutation(
        id="record-of-an-update",
        section=8,
        rule="A hand-over names the record of the newest answer, one to an update too",
        where="decisions/hand_overs/crm_results.py",
        text='if update.get("result") == _LINKED else rank',
        instead="if False else rank",
        caught_by=(f"{_RESULTS}::test_a_hand_over_names_the_record_that_an_update_found_last",),
    ),
    Mutation(
        id="notes-within-bounds",
        section=8,
        rule="The result says what was cut, and a lead keeps a bounded part of it",
        where="decisions/hand_overs/crm_results.py",
        text="for each in notes[:MAX_NOTES]]",
        instead="for each in notes]",
        caught_by=(f"{_RESULTS}::test_a_lead_keeps_what_was_cut_of_its_last_hand_over_within_bounds",),
    ),
    Mutation(
        id="who-gave-the-command",
        section=2,
        rule="`cause` of what a command does says who gave it",
        where="decisions/decide.py",
        text="late=is_late, by=by)",
        instead="late=is_late)",
        caught_by=(
            f"{_RESULTS}::test_the_cause_says_who_gave_a_command",
            f"{_RESULTS}::test_who_listed_a_contact_is_named_too",
        ),
    ),
    Mutation(
        id="nobody-is-named-in-version-3",
        section=6,
        rule="A release of engine version 3 writes causes as it did",
        where="decisions/decide.py",
        text='kind == "command" and release.engine_version >= HAND_OVERS_VERSION',
        instead='kind == "command"',
        caught_by=(f"{_RESULTS}::test_before_version_4_nobody_is_named",),
    ),
)
