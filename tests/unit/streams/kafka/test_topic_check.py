"""What `topics check` reports about topics that differ from their plan."""

from __future__ import annotations

from streams.kafka.topic_check import ExistingTopic, Findings, check_topic
from streams.kafka.topic_plan import PlannedTopic, plan_topics
from streams.settings import Settings


def plan_of(name: str, **settings: int | str) -> PlannedTopic:
    plans = plan_topics(Settings(**settings))
    return next(plan for plan in plans if plan.topic.name == name)


def existing_topic(plan: PlannedTopic, partitions: int | None = None, **config: str) -> ExistingTopic:
    changes = {name.replace("_", "."): value for name, value in config.items()}
    return ExistingTopic(partitions or plan.partitions, True, {**plan.config, **changes})


def check(name: str, partitions: int | None = None, **config: str) -> Findings:
    plan = plan_of(name)
    return check_topic(plan, existing_topic(plan, partitions, **config))


def test_a_topic_as_planned_has_no_findings() -> None:
    for plan in plan_topics(Settings()):
        findings = check_topic(plan, existing_topic(plan))
        assert (findings.problems, findings.warnings) == ([], []), plan.name


def test_every_topic_name_has_the_prefix() -> None:
    assert all(plan.name == "acme-" + plan.topic.name for plan in plan_topics(Settings(prefix="acme-")))


def test_journal_changelog_and_outputs_have_one_partition_a_slot() -> None:
    assert plan_of("journal", partitions=7).partitions == 7
    assert plan_of("leadstream-pipeline-contacts-changelog", partitions=7).partitions == 7
    assert plan_of("segment-changes", partitions=7).partitions == 7
    assert plan_of("web-visits", partitions=7, in_partitions=3).partitions == 3
    assert plan_of("definitions", partitions=7).partitions == 1


def test_three_replicas_need_two_in_sync() -> None:
    assert plan_of("journal", replication=3).config["min.insync.replicas"] == "2"
    assert "min.insync.replicas" not in plan_of("journal", replication=1).config


def test_a_topic_that_does_not_exist_is_missing() -> None:
    findings = check_topic(plan_of("journal"), None)
    assert findings.is_missing
    assert findings.problems == ["does not exist"]


def test_a_partition_without_a_leader_is_a_problem() -> None:
    plan = plan_of("journal")
    findings = check_topic(plan, ExistingTopic(plan.partitions, False, plan.config))
    assert findings.problems == ["has a partition without a leader"]


def test_another_partition_count_of_the_journal_is_refused() -> None:
    assert check("journal", partitions=5).problems == ["has 5 partitions, 4 are needed"]


def test_an_in_topic_may_have_any_partition_count_and_be_compacted() -> None:
    findings = check("web-visits", partitions=13, cleanup_policy="compact")
    assert (findings.problems, findings.warnings) == ([], [])


def test_a_table_that_is_not_compacted_is_refused() -> None:
    assert check("leads", cleanup_policy="delete").problems == ["has cleanup.policy=delete, compact is needed"]
    assert check("leads", cleanup_policy="compact,delete").problems


def test_a_compacted_journal_is_refused() -> None:
    assert check("journal", cleanup_policy="compact").problems == ["has cleanup.policy=compact, delete is needed"]


def test_a_journal_with_a_retention_is_warned_of() -> None:
    findings = check("journal", retention_ms="604800000")
    assert findings.problems == []
    assert "replay and verify" in findings.warnings[0]


def test_releases_are_kept_for_ever() -> None:
    assert "kept for ever" in check("definitions", retention_ms="604800000").problems[0]
    assert "kept for ever" in check("definitions", retention_bytes="1000000").problems[0]


def test_an_output_kept_shorter_than_documented_is_warned_of() -> None:
    findings = check("segment-changes", retention_ms="60000")
    assert findings.problems == []
    assert findings.warnings == ["has retention.ms=60000, 604800000 is advised"]
    assert check("segment-changes", retention_ms="-1").warnings == []


def test_a_changelog_with_large_segments_is_warned_of() -> None:
    assert "take-overs" in check("leadstream-pipeline-contacts-changelog", segment_bytes="1073741824").warnings[0]


def test_a_foreign_in_topic_with_create_time_is_warned_of() -> None:
    findings = check("web-visits", message_timestamp_type="CreateTime", message_timestamp_after_max_ms="3600000")
    assert findings.problems == []
    assert "CreateTime" in findings.warnings[0]


def test_a_foreign_in_topic_whose_producers_may_run_ahead_an_hour_and_more_is_refused() -> None:
    findings = check("web-visits", message_timestamp_type="CreateTime", message_timestamp_after_max_ms="3600001")
    assert "more than an hour ahead" in findings.problems[0]


def test_claims_need_the_time_of_the_broker() -> None:
    assert check("claims", message_timestamp_type="CreateTime").problems
