"""All mutations, by subject; their numbers follow this order."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation
from tests.programs.mutations.rules import (
    activities,
    activity_times,
    aggregates,
    arithmetic,
    calendar_days,
    clock,
    contact_rows,
    counts,
    dates,
    engine_versions,
    late_events,
    leads,
    missing_values,
    segments_and_leads,
    text,
    time_zones,
    undeclared_values,
    unicode_text,
    values,
    windows,
)
from tests.programs.mutations.rules.graph import contact_truths, filter_index, segment_graph, value_masks
from tests.programs.mutations.rules.hand_overs import crm_results, lead_updates
from tests.programs.mutations.rules.runtime import claims, own_journal, partition_buffer, topic_ends
from tests.programs.mutations.rules.salesforce import (
    attribution,
    coercion,
    consent,
    field_rules,
    ledger,
    matching,
    polls,
    requests,
)
from tests.programs.mutations.rules.serve import following, guards
from tests.programs.mutations.rules.views import generations, reading, writing

NumberedMutation = tuple[int, Mutation]

MUTATIONS: tuple[Mutation, ...] = (
    *missing_values.MUTATIONS,
    *values.MUTATIONS,
    *undeclared_values.MUTATIONS,
    *text.MUTATIONS,
    *unicode_text.MUTATIONS,
    *counts.MUTATIONS,
    *windows.MUTATIONS,
    *activities.MUTATIONS,
    *aggregates.MUTATIONS,
    *dates.MUTATIONS,
    *calendar_days.MUTATIONS,
    *arithmetic.MUTATIONS,
    *time_zones.MUTATIONS,
    *activity_times.MUTATIONS,
    *segments_and_leads.MUTATIONS,
    *clock.MUTATIONS,
    *late_events.MUTATIONS,
    *engine_versions.MUTATIONS,
    *leads.MUTATIONS,
    *contact_rows.MUTATIONS,
    *value_masks.MUTATIONS,
    *segment_graph.MUTATIONS,
    *contact_truths.MUTATIONS,
    *filter_index.MUTATIONS,
    *ledger.MUTATIONS,
    *lead_updates.MUTATIONS,
    *crm_results.MUTATIONS,
    *field_rules.MUTATIONS,
    *coercion.MUTATIONS,
    *matching.MUTATIONS,
    *polls.MUTATIONS,
    *attribution.MUTATIONS,
    *consent.MUTATIONS,
    *requests.MUTATIONS,
    *writing.MUTATIONS,
    *reading.MUTATIONS,
    *generations.MUTATIONS,
    *guards.MUTATIONS,
    *following.MUTATIONS,
    *own_journal.MUTATIONS,
    *partition_buffer.MUTATIONS,
    *claims.MUTATIONS,
    *topic_ends.MUTATIONS,
)


def numbered_mutations() -> list[NumberedMutation]:
    """Returns each mutation with its number, from 1."""
    return list(enumerate(MUTATIONS, start=1))
