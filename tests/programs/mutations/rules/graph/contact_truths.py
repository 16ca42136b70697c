"""What is kept of a contact's conditions, and the timers of `held_for`."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_FOLDER = "tests/unit/streams/engine/graph"
_TRUTHS = f"{_FOLDER}/test_contact_truths.py"
_HELD = f"{_FOLDER}/test_held_timers.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="scores-are-read-again",
        section=5,
        rule="Memberships follow a score as it changes",
        where="graph/contact_truths.py",
        text="if changes.properties or changes.scores:",
        instead="if changes.properties:",
        caught_by=(f"{_TRUTHS}::test_a_change_of_an_input_is_noticed",),
    ),
    Mutation(
        id="status-is-read-again",
        section=5,
        rule="Memberships follow the status as it changes",
        where="graph/contact_truths.py",
        text="if changes.everything or",
        instead="if changes.leads or",
        caught_by=(f"{_TRUTHS}::test_a_change_of_an_input_is_noticed",),
    ),
    Mutation(
        id="references-are-asked-again",
        section=5,
        rule="`segment: ID` follows that segment in the same record",
        where="graph/contact_truths.py",
        text="for index in self.graph.by_segment.get(name, ()):",
        instead="for index in self.graph.by_static_segment.get(name, ()):",
        caught_by=(f"{_TRUTHS}::test_segments_follow_those_that_they_refer_to_within_one_round",),
    ),
    Mutation(
        id="paused-until-deleted",
        section=5,
        rule="A paused segment keeps its members, but for a deleted contact",
        where="graph/contact_truths.py",
        text='return bool(self.members & bit) and context.contact.status != "deleted"',
        instead="return bool(self.members & bit)",
        caught_by=(f"{_TRUTHS}::test_a_paused_segment_keeps_its_members_until_the_contact_is_deleted",),
    ),
    Mutation(
        id="due-at-its-instant",
        section=6,
        rule="Memberships change at the exact instant at which time turns a condition",
        where="graph/contact_truths.py",
        text="while dues and dues[0][0] <= now:",
        instead="while dues and dues[0][0] < now:",
        caught_by=(f"{_TRUTHS}::test_time_asks_what_is_due_and_nothing_else",),
    ),
    Mutation(
        id="due-as-last-asked",
        section=6,
        rule="Whoever is due is found without scanning: an instant that an event moved is not due",
        where="graph/contact_truths.py",
        text="            if truth is not None and truth[1] == due:\n                if self._is_needed(index):",
        instead="            if truth is not None:\n                if self._is_needed(index):",
        caught_by=(f"{_TRUTHS}::test_an_instant_that_an_event_moved_is_not_due_any_more",),
    ),
    Mutation(
        id="due-for-another-segment",
        section=6,
        rule="Whoever is due is found without scanning: a condition is due while one of its segments depends on it",
        where="graph/contact_truths.py",
        text="                if truth is None or not truth[0]:\n                    break",
        instead="                if truth is None or not truth[0]:\n                    return False",
        caught_by=(f"{_TRUTHS}::test_a_conjunct_is_waited_for_while_one_of_its_segments_needs_it",),
    ),
    Mutation(
        id="due-only-where-it-decides",
        section=6,
        rule="Whoever is due is found without scanning: nobody is due by a condition that decides nothing",
        where="graph/contact_truths.py",
        text="if self._is_needed(index):",
        instead="if index >= 0:",
        caught_by=(f"{_TRUTHS}::test_a_conjunct_that_decides_nothing_is_not_waited_for",),
    ),
    Mutation(
        id="taken-back-once-more",
        section=6,
        rule="What is due at t and the record at t are told net: what time changed is settled with the record",
        where="graph/contact_truths.py",
        text="self._unsettled |= changed",
        instead="self._unsettled |= 0",
        caught_by=(f"{_TRUTHS}::test_a_change_that_is_taken_back_is_looked_at_once_more",),
    ),
    Mutation(
        id="taken-back-references",
        section=6,
        rule="What is due at t and the record at t are told net, for segments that refer to others too",
        where="graph/contact_truths.py",
        text="while changed:",
        instead="while not changed:",
        caught_by=(f"{_TRUTHS}::test_what_refers_to_a_segment_whose_change_is_taken_back_is_asked_once_more",),
    ),
    Mutation(
        id="held-at-its-instant",
        section=6,
        rule="`held_for` counts from the exact instant at which time made the leaf true",
        where="graph/held_timers.py",
        text="if due is not None and due <= now)",
        instead="if due is not None and due < now)",
        caught_by=(f"{_HELD}::test_and_those_that_are_due",),
    ),
    Mutation(
        id="held-by-a-property",
        section=5,
        rule="`held_for` counts from the record that made the leaf true",
        where="graph/held_timers.py",
        text="self._index.by_property.get(name, ())",
        instead='self._index.by_property.get("", ())',
        caught_by=(f"{_HELD}::test_later_those_that_read_a_changed_property",),
    ),
    Mutation(
        id="held-no-more",
        section=5,
        rule="`held_for`: true, false, true at one instant is no break, later it is one",
        where="graph/held_timers.py",
        text="if len(state) > 1 and",
        instead="if len(state) > 2 and",
        caught_by=(f"{_HELD}::test_and_those_that_turned_false_at_an_instant_until_it_is_over",),
    ),
)
