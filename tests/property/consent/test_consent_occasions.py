"""What may change the consent of a contact: the engine and the independent evaluator name the same occasions."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.releases.compile import compile_release
from streams.verify.recompute.leads.lead_rules import LeadRules
from streams.verify.recompute.releases import build_journal_release
from tests.harness.engine.engine_driver import START, sound_definitions
from tests.harness.random.random_conditions import PROPERTIES, conditions
from tests.harness.random.random_documents import DocumentStrategy, dict_of
from tests.harness.random.random_versions import RandomDocument

DERIVED: DocumentStrategy = st.sampled_from(
    [
        {"property": "email_domain", "in": ["rival.example"]},
        {"property": "email_domain", "exists": False},
        {"property": "email", "ends_with": "rival.example"},
        {"status": {"eq": "bounced"}},
    ]
)


@st.composite
def conditions_of_consent(draw: st.DrawFn, *segments: str) -> RandomDocument:
    """Draws a random condition or a leaf on what is derived, alone or beside another one."""
    leaves = st.one_of(conditions(START, segments), DERIVED)
    return draw(st.one_of(leaves, dict_of(any=st.lists(leaves, min_size=2, max_size=2))))


@settings(max_examples=5 * settings().max_examples, deadline=None)
@given(conditions_of_consent(), conditions_of_consent("s0"), conditions_of_consent("s0", "s1", "listed"))
def test_engine_and_evaluator_agree_on_what_may_change_consent(
    first: RandomDocument, second: RandomDocument, do_not_sync: RandomDocument
) -> None:
    definitions = sound_definitions(
        {
            "properties": PROPERTIES,
            "segments": [
                {"id": "listed"},
                {"id": "s0", "dynamic": True, "when": first},
                {"id": "s1", "dynamic": True, "when": second},
            ],
            "campaigns": [{"id": "c"}],
            "salesforce": {"do_not_sync": do_not_sync},
        }
    )
    rules = LeadRules(build_journal_release(0, None, 1, definitions))
    mapping = compile_release(definitions, 1).mapping
    assert rules.consent_occasions == mapping.consent_occasions
    assert rules.tells_of_leads is mapping.tells_of_leads
