"""Segments, scores and leads as subjects."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_REFERENCES = "tests/unit/streams/engine/conditions/test_segments_and_leads.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="segment-member",
        section=5,
        rule="`segment: ID`: member of it",
        where="conditions/segments_and_leads.py",
        text="return self._segment in context.contact.members",
        instead="return self._segment in context.contact.listed",
        caught_by=(f"{_REFERENCES}::test_a_segment_reference_is_membership",),
    ),
    Mutation(
        id="score-by-name",
        section=5,
        rule="`score: {name, gte: ...}` is the named one",
        where="conditions/segments_and_leads.py",
        text="ScoreNode(leaf.score.name, ",
        instead="ScoreNode(None, ",
        caught_by=(f"{_REFERENCES}::test_scores_compare_exactly",),
    ),
    Mutation(
        id="no-lead",
        section=5,
        rule="`lead: {campaign, status, points}` where there is none: both are missing, so that `ne` is true",
        where="conditions/segments_and_leads.py",
        text="if self._status is None and self._points is None:",
        instead="if lead is None or (self._status is None and self._points is None):",
        caught_by=(f"{_REFERENCES}::test_the_lead_in_a_campaign",),
    ),
    Mutation(
        id="lead-status-and-points",
        section=5,
        rule="`lead`: its `status` and its `points` must both hold",
        where="conditions/segments_and_leads.py",
        text="return self._points is None or self._points(None if lead is None else lead.points)",
        instead="return self._status is not None or self._points(None if lead is None else lead.points)",
        caught_by=(f"{_REFERENCES}::test_the_lead_in_a_campaign",),
    ),
    Mutation(
        id="points-of-the-lead-at-hand",
        section=5,
        rule="In automation rules `points` and `lead_status` speak of the lead at hand",
        where="conditions/segments_and_leads.py",
        text="return self._test(None if context.lead is None else context.points)",
        instead="return self._test(context.contact.score)",
        caught_by=(f"{_REFERENCES}::test_points_and_status_of_the_lead_whose_rule_is_evaluated",),
    ),
    Mutation(
        id="lead-age",
        section=5,
        rule="`lead_age` counts from where the lead at hand was made",
        where="conditions/segments_and_leads.py",
        text="age = context.now - context.lead.created",
        instead="age = context.now - context.contact.created",
        caught_by=(f"{_REFERENCES}::test_the_age_of_a_lead_changes_at_exact_instants",),
    ),
    Mutation(
        id="lead-age-is-due",
        section=6,
        rule="`lead_age` turns at exact instants by time alone",
        where="conditions/segments_and_leads.py",
        text="changes.append(created + self._most + 1)",
        instead="changes.append(created + self._most)",
        caught_by=(f"{_REFERENCES}::test_the_age_of_a_lead_changes_at_exact_instants",),
    ),
)
