"""Late events."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_TIME = "tests/unit/streams/engine/decisions/test_time.py"
_LATENESS = "tests/unit/streams/engine/decisions/test_lateness.py"
_EXACTLY = f"{_LATENESS}::test_exactly_a_day_late_still_is_the_first"
_AFTER = f"{_LATENESS}::test_a_millisecond_later_it_counts_everywhere_else"
_OTHERS = f"{_LATENESS}::test_only_sequence_first_and_last_ignore_events_that_are_too_late"
_CORRECTED = f"{_TIME}::test_a_late_event_that_still_counts_is_corrected_at_the_clock"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="late-where-it-belongs",
        section=6,
        rule="Late events count where their `at` belongs",
        where="conditions/activities/counts.py",
        text="[*state[:index], at, *state[index:]]",
        instead="[*state, now]",
        caught_by=(
            "tests/unit/streams/engine/conditions/activities/test_counts.py::test_a_late_event_counts_where_its_instant_belongs",
        ),
    ),
    Mutation(
        id="late-regular",
        section=6,
        rule="Late events count where their `at` belongs, in `regular` too",
        where="conditions/activities/regular.py",
        text="instants = [*state[:index], activity.at, *state[index:]]",
        instead="instants = [*state, now]",
        caught_by=(
            "tests/unit/streams/engine/conditions/activities/test_regular.py::test_a_late_visit_fills_the_period_it_belongs_to",
        ),
    ),
    Mutation(
        id="late-is-marked",
        section=6,
        rule="A membership that turns out differently now is corrected at the contact's clock, with `late: true`",
        where="decisions/lateness.py",
        text='TYPES_COUNTED_LATE = frozenset({"web.visited", ',
        instead="TYPES_COUNTED_LATE = frozenset({",
        caught_by=(_CORRECTED,),
    ),
    Mutation(
        id="late-patch-is-not-marked",
        section=6,
        rule="`late` does not mark a patch (it takes effect at the clock)",
        where="decisions/lateness.py",
        text='TYPES_COUNTED_LATE = frozenset({"web.visited", ',
        instead='TYPES_COUNTED_LATE = frozenset({"contact.changed", "web.visited", ',
        caught_by=(f"{_TIME}::test_a_late_patch_takes_effect_at_the_clock_and_is_not_called_late",),
    ),
    Mutation(
        id="late-not-what-follows-by-time",
        section=6,
        rule="`late` marks that correction only, not what follows from it by time",
        where="decisions/segments.py",
        text='cause = OutputCause(kind="clock", release=context.root_cause.release)',
        instead='cause = OutputCause(kind="clock", release=context.root_cause.release, late=context.root_cause.late)',
        caught_by=(f"{_TIME}::test_a_change_by_time_at_the_instant_of_a_record_is_caused_by_the_clock",),
    ),
    Mutation(
        id="lateness-inclusive",
        section=6,
        rule="Later than `lateness` (against the clock when applied): exactly so late is not later",
        where="decisions/lateness.py",
        text="now - at > lateness",
        instead="now - at >= lateness",
        caught_by=(_EXACTLY,),
    ),
    Mutation(
        id="lateness-default",
        section=6,
        rule="`lateness` is 24 h by default",
        where="settings.py",
        text="lateness=86_400_000",
        instead="lateness=86_400_001",
        caught_by=(_AFTER,),
    ),
    Mutation(
        id="lateness-of-first-and-last",
        section=6,
        rule="Events later than `lateness` do not count in `first` and `last`",
        where="conditions/activities/first_last.py",
        text="drops_late = True",
        instead="drops_late = False",
        caught_by=(_AFTER,),
    ),
    Mutation(
        id="lateness-of-sequences",
        section=6,
        rule="Events later than `lateness` do not count in `sequence`",
        where="conditions/activities/sequences.py",
        text="drops_late = True",
        instead="drops_late = False",
        caught_by=(_OTHERS,),
    ),
    Mutation(
        id="lateness-not-of-counts",
        section=6,
        rule="Events later than `lateness` count everywhere else: in counts",
        where="conditions/activities/counts.py",
        text="drops_late = False",
        instead="drops_late = True",
        caught_by=(_AFTER,),
    ),
    Mutation(
        id="lateness-not-of-regular",
        section=6,
        rule="Events later than `lateness` count everywhere else: in `regular`",
        where="conditions/activities/regular.py",
        text="drops_late = False",
        instead="drops_late = True",
        caught_by=(_OTHERS,),
    ),
)
