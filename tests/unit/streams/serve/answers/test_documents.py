"""What commands write with `--json` is answered over HTTP as it is: the models of the answers leave nothing out."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions import Definitions
from streams.definitions.deployment_plan import PlanResult
from streams.definitions.diff import diff_definitions
from streams.definitions.preview_report import PreviewReport
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.explain.answer import Question, explain_from_journal, explain_from_state
from streams.explain.contact_records import ContactRecords
from streams.explain.timeline import EngineParameters
from streams.kafka.deployment import DeploymentRecord
from streams.kafka.topic_admin import TopicsReport
from streams.kafka.topic_check import Findings
from streams.kafka.view_groups import ViewGroup
from streams.kafka.worker_groups import GroupWorker
from streams.serve.answers.explain import ContactExplanation
from streams.serve.answers.plans import PlanDetails
from streams.serve.answers.workers import WorkersAnswer
from streams.settings import Settings
from streams.store.handovers.commands import HandOverPause
from streams.store.status.handovers import HandOverStatus
from streams.store.status.lag import PartitionLag
from streams.store.status.read_models import GroupStatus, ReadModelStatus
from streams.store.status.refusals import RefusalCounts
from streams.store.status.report import DeploymentStatus, WorkProgress
from streams.store.status.time_status import TimeHolder, TimeStatus
from tests.harness.engine.engine_driver import EngineDriver, day
from tests.harness.serve.answers import assert_answered_whole

NOON = 1_772_452_800_000
HOT = {
    "id": "hot",
    "dynamic": True,
    "when": {
        "all": [
            {"property": "country", "eq": "DE"},
            {"not": {"visit": {}, "count": {"gte": 9}, "within": "7d"}},
            {"any": [{"visit": {"path": {"starts_with": "/pricing"}}}, {"inactive_for": "90d"}]},
        ]
    },
}
SPRING = {
    "id": "spring",
    "audience": ["hot"],
    "scoring": [
        {"id": "visit", "when": {"visit": {}}, "points": 10.5, "at_most": {"times": 3, "per": "1d"}},
        {"id": "german", "when": {"property": "country", "eq": "DE"}, "points": 5},
    ],
    "automation": [{"id": "ready", "when": {"points": {"gte": 20}}, "then": {"set_status": "qualified"}}],
}


def explanations(subject: str, contact: str) -> list[dict[str, Any]]:
    """From the contact's row, from its journal, and as of its second day."""
    driver = EngineDriver(segments=[HOT, {"id": "vip"}], campaigns=[SPRING])
    driver.change_contact(day(0), country="DE")
    for number in range(1, 4):
        driver.visit(day(number), "/pricing")
    parameters = EngineParameters(lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS)
    records = ContactRecords("default", contact)
    for _, key, value in driver.journal:
        if records.is_relevant(key):
            records.feed(value)
    row = next((each for each in driver.decider.contacts() if each.id == contact), None)
    question = Question("default", contact, subject)
    return [
        explain_from_state(question, row, PartitionStatus(), parameters),
        explain_from_journal(question, records.records, None, parameters),
        explain_from_journal(question, records.records, day(1), parameters),
    ]


@pytest.mark.parametrize(
    ("subject", "contact"), [("hot", "ann"), ("vip", "ann"), ("spring", "ann"), ("hot", "nobody")]
)
def test_an_explanation_is_answered_whole(subject: str, contact: str) -> None:
    for explanation in explanations(subject, contact):
        assert_answered_whole(ContactExplanation, explanation)


def test_the_status_of_a_deployment_is_answered_whole() -> None:
    progress = WorkProgress(
        {"web-visits": PartitionLag(12), "journal": PartitionLag(3, is_exact=False)},
        TimeStatus(NOON, {"default": NOON}, {"default": NOON}, TimeHolder("web-visits:1", None), ["x:0"], NOON),
        RefusalCounts({"no_lead": 2}, is_complete=False),
        HandOverStatus(PartitionLag(2), {"acme": NOON}, [HandOverPause("2026-03-01T00:00:00Z", None, "grace")]),
        ReadModelStatus(
            GroupStatus(ViewGroup("leadstream-views", ""), {"contacts": 4}),
            [GroupStatus(ViewGroup("leadstream-views-second", "second"), {"leads": 1})],
        ),
    )
    workers = {
        "pipeline": [GroupWorker("w0", "10.0.0.1", "p1 on h", (0, 1))],
        "views": [GroupWorker("v0", "10.0.0.1", "p2 on h", (0,), 7, "leadstream-views")],
    }
    topics = TopicsReport([Findings("journal")], DeploymentRecord("wall", 4))
    orgs = [{"name": "emea", "org": "https://emea.example", "accounts": ["acme"]}]
    assert_answered_whole(
        WorkersAnswer, DeploymentStatus(Settings(), topics, workers, progress, NOON, orgs).to_dict()
    )


def test_a_status_without_topics_is_answered_without_guesses() -> None:
    topics = TopicsReport([Findings("journal", is_missing=True)], None)
    assert_answered_whole(WorkersAnswer, DeploymentStatus(Settings(), topics, {}, None, NOON).to_dict())


def test_a_plan_is_answered_whole() -> None:
    before = Definitions.model_validate({"segments": [{"id": "vip"}]})
    after = Definitions.model_validate(
        {
            "properties": {"employees": "number"},
            "segments": [HOT, {"id": "big", "dynamic": True, "when": {"property": "size", "gte": 5}}],
            "campaigns": [SPRING],
        }
    )
    report = PreviewReport.for_release(before, after)
    driver = EngineDriver(segments=[HOT])
    driver.change_contact(day(0), employees="many", size="large")
    for contact in driver.decider.contacts():
        report.add_contact(contact)
    lead = {"contact": "ann", "campaign": "spring", "type": "lead.status_changed"}
    report.add("segment-changes", {"contact": "ann", "segment": "hot", "type": "segment.entered"})
    report.add("lead-changes", {**lead, "from": None, "to": "active"})
    report.add("lead-changes", {**lead, "from": "active", "to": "qualified"})
    report.add("qualified-leads", {"contact": "ann", "campaign": {"id": "spring"}, "type": "lead.handed_over"})
    report.add("notifications", {"contact": "ann", "campaign": {"id": "spring"}, "notice": "call"})
    plan = PlanResult(diff_definitions(before, after, 3, ["a warning"]), report).to_dict()
    assert plan["preview"]["missing_values"]
    assert plan["preview"]["mismatches"]
    assert_answered_whole(PlanDetails, plan)
    assert_answered_whole(PlanDetails, PlanResult(diff_definitions(before, after, 3)).to_dict())
