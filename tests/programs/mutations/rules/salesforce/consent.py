"""Consent that ends while a hand-over waits."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_CONSENT = "tests/integration/salesforce/handover/test_consent.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="withheld-hand-over",
        section=8,
        rule="A contact whose consent forbids it is not handed over and says why, also where the hand-over waited",
        where="connectors/salesforce/handover/planning.py",
        text="plan.problems = {each.id: OPTED_OUT for each in handovers if each.is_withheld}",
        instead="plan.problems = {}",
        caught_by=(
            f"{_CONSENT}::test_without_a_record_nothing_is_made_and_both_answers_say_why",
            f"{_CONSENT}::test_a_record_of_before_is_told_of_the_opt_out_and_keeps_everything_else",
        ),
    ),
    Mutation(
        id="opt-out-without-a-record",
        section=8,
        rule="The opt-out of a contact that Salesforce does not have is no fault",
        where="connectors/salesforce/handover/planning.py",
        text="OPTED_OUT if each.opted_out else no_record",
        instead="no_record",
        caught_by=(f"{_CONSENT}::test_without_a_record_nothing_is_made_and_both_answers_say_why",),
    ),
    Mutation(
        id="withheld-hand-over-matches-nobody",
        section=8,
        rule="`match: [email]` is for a Lead that is about to be made",
        where="connectors/salesforce/handover/delivery.py",
        text="any(not each.is_update and not each.is_withheld for each in handovers)",
        instead="any(not each.is_update for each in handovers)",
        caught_by=(f"{_CONSENT}::test_no_record_of_another_origin_is_linked_by_its_address",),
    ),
    Mutation(
        id="opt-out-is-the-newest",
        section=8,
        rule="What a late worker wrote of a contact that opted out is told of the opt-out, and of nothing else",
        where="connectors/salesforce/handover/newest.py",
        text="if handover.is_update and not handover.opted_out:",
        instead="if handover.is_update:",
        caught_by=(f"{_CONSENT}::test_of_a_contact_that_opted_out_only_the_opt_out_is_delivered_again",),
    ),
)
