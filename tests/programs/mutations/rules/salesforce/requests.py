"""Requests to the org: what is sent again, and what an answer says of an outage or of an older hand-over."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="look-ends-no-outage",
        section=8,
        rule="a look for late writes does not say that hand-overs which are refused go out again",
        where="agents/crm/handovers/org_deliveries.py",
        text="            if ends_outage:\n",
        instead="            if True:\n",
        caught_by=(
            "tests/unit/agents/crm/handovers/test_org_deliveries.py"
            "::test_a_look_ends_no_outage_of_hand_overs_that_are_still_refused",
        ),
    ),
    Mutation(
        id="halved-for-triggers",
        section=8,
        rule="a request that is too much for the org's own triggers is sent again in halves",
        where="connectors/salesforce/handover/writer.py",
        text="if isinstance(each, CrmError) and each.is_of_transaction]",
        instead="if isinstance(each, str)]",
        caught_by=(
            "tests/unit/connectors/salesforce/handover/test_writer.py"
            "::test_a_request_that_is_too_much_for_a_trigger_goes_again_in_halves_and_each_record_is_written_once",
        ),
    ),
    Mutation(
        id="older-hand-over-is-told",
        section=8,
        rule="the answer to a hand-over that is older than the record says that it changed nothing",
        where="connectors/salesforce/handover/planning.py",
        text="if number is not None and each.number < number}",
        instead="if number is None}",
        caught_by=(
            "tests/integration/salesforce/handover/test_fresh_starts.py"
            "::test_a_journal_begun_anew_says_that_it_changes_nothing_until_the_former_numbers_are_cleared",
        ),
    ),
)
