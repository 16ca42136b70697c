"""All mutations, by subject; their numbers follow this order."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation
from tests.programs.mutations.rules import (
    activities,
    activity_times,
    arithmetic,
    clock,
    contact_rows,
    counts,
    dates,
    late_events,
    missing_values,
    segments_and_leads,
    text,
    time_zones,
    values,
    windows,
)

NumberedMutation = tuple[int, Mutation]

MUTATIONS: tuple[Mutation, ...] = (
    *missing_values.MUTATIONS,
    *values.MUTATIONS,
    *text.MUTATIONS,
    *counts.MUTATIONS,
    *windows.MUTATIONS,
    *activities.MUTATIONS,
    *dates.MUTATIONS,
    *arithmetic.MUTATIONS,
    *time_zones.MUTATIONS,
    *activity_times.MUTATIONS,
    *segments_and_leads.MUTATIONS,
    *clock.MUTATIONS,
    *late_events.MUTATIONS,
    *contact_rows.MUTATIONS,
)


def numbered_mutations() -> list[NumberedMutation]:
    """Returns each mutation with its number, from 1."""
    return list(enumerate(MUTATIONS, start=1))
