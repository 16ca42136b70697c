"""Compares an existing topic with its plan; pure, without a broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.kafka.topic_plan import PlannedTopic

HOUR_MS = 3_600_000
UNLIMITED = -1
NO_LEADER = "has a partition without a leader"
"""The problem of a topic that passes by itself: a broker is away, or has not come back yet."""


@dataclass(frozen=True, slots=True)
class ExistingTopic:
    """A topic on the broker; `has_leaders` is False while a partition has no leader."""

    partitions: int
    has_leaders: bool
    config: Mapping[str, str]


@dataclass(slots=True)
class Findings:
    """What is wrong with one topic: `problems` stop workers from starting, `warnings` do not."""

    topic: str
    is_missing: bool = False
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check_topic(plan: PlannedTopic, existing: ExistingTopic | None) -> Findings:
    """Compares one topic with its plan."""
    findings = Findings(plan.name)
    if existing is None:
        findings.is_missing = True
        findings.problems.append("does not exist")
        return findings
    if not existing.has_leaders:
        findings.problems.append(NO_LEADER)
    _check_partitions(plan, existing, findings)
    _check_cleanup(plan, existing.config, findings)
    _check_retention(plan, existing.config, findings)
    _check_timestamps(plan, existing.config, findings)
    return findings


def _check_partitions(plan: PlannedTopic, existing: ExistingTopic, findings: Findings) -> None:
    # In-topics belong to their writers and may have any partition count.
    if plan.topic.partitioning != "in" and existing.partitions != plan.partitions:
        findings.problems.append(f"has {existing.partitions} partitions, {plan.partitions} are needed")


def _check_cleanup(plan: PlannedTopic, config: Mapping[str, str], findings: Findings) -> None:
    if plan.topic.partitioning == "in":
        return
    required = plan.config.get("cleanup.policy", "delete")
    policy = config.get("cleanup.policy", "delete")
    if policy != required:
        findings.problems.append(f"has cleanup.policy={policy}, {required} is needed")
    if required == "compact":
        _check_segments(plan, config, findings)


def _check_segments(plan: PlannedTopic, config: Mapping[str, str], findings: Findings) -> None:
    # The active segment is not compacted, and a take-over reads all of it.
    for name in ("segment.bytes", "segment.ms"):
        limit = plan.config.get(name)
        if limit is not None and int(config.get(name, limit)) > int(limit):
            findings.warnings.append(f"has {name}={config[name]}: take-overs get slow, {limit} is advised")


def _check_retention(plan: PlannedTopic, config: Mapping[str, str], findings: Findings) -> None:
    if plan.config.get("cleanup.policy") == "compact":
        return
    planned_ms = int(plan.config.get("retention.ms", UNLIMITED))
    retention_ms = int(config.get("retention.ms", planned_ms))
    retention_bytes = int(config.get("retention.bytes", UNLIMITED))
    is_limited = retention_ms != UNLIMITED or retention_bytes != UNLIMITED
    if plan.topic.name == "definitions" and is_limited:
        findings.problems.append("has a retention, releases are kept for ever: retention.ms=-1, retention.bytes=-1")
    elif planned_ms == UNLIMITED and is_limited:
        findings.warnings.append("has a retention: replay and verify can speak of what is kept only")
    elif retention_ms != UNLIMITED and retention_ms < planned_ms:
        findings.warnings.append(f"has retention.ms={retention_ms}, {planned_ms} is advised")


def _check_timestamps(plan: PlannedTopic, config: Mapping[str, str], findings: Findings) -> None:
    required = plan.config.get("message.timestamp.type")
    timestamp_type = config.get("message.timestamp.type", "CreateTime")
    if required is None or timestamp_type == required:
        return
    if plan.topic.direction != "in":
        findings.problems.append(f"has message.timestamp.type={timestamp_type}, {required} is needed")
        return
    max_ahead_ms = int(config.get("message.timestamp.after.max.ms", HOUR_MS))
    if max_ahead_ms > HOUR_MS:
        findings.problems.append(
            f"has message.timestamp.after.max.ms={max_ahead_ms}: producers may run more than an hour ahead;"
            f" set it to {HOUR_MS} or less, or message.timestamp.type=LogAppendTime"
        )
    else:
        findings.warnings.append("has CreateTime: arrival is what producers say, LogAppendTime is advised")
