"""Whether a topic that exists is as the deployment needs it; pure, no broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.kafka.topic_plan import PlannedTopic

HOUR_MS = 3_600_000
UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class ExistingTopic:
    """A topic as the broker has it; `has_leaders` is False while a partition has none."""

    partitions: int
    has_leaders: bool
    config: Mapping[str, str]


@dataclass(slots=True)
class Findings:
    """What is wrong with one topic: `problems` stop a worker set, `warnings` do not."""

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
        findings.problems.append("has a partition without a leader")
    _check_partitions(plan, existing, findings)
    _check_cleanup(plan, existing.config, findings)
    _check_retention(plan, existing.config, findings)
    _check_timestamps(plan, existing.config, findings)
    return findings


def _check_partitions(plan: PlannedTopic, existing: ExistingTopic, findings: Findings) -> None:
    # In-topics belong to those who write them, and may have any partition count.
    if plan.topic.partitioning != "in" and existing.partitions != plan.partitions:
        findings.problems.append(f"has {existing.partitions} partitions, {plan.partitions} are needed")


def _check_cleanup(plan: PlannedTopic, config: Mapping[str, str], findings: Findings) -> None:
    if plan.topic.partitioning == "in":
        return
    wanted = plan.config.get("cleanup.policy", "delete")
    policy = config.get("cleanup.policy", "delete")
    if policy != wanted:
        findings.problems.append(f"has cleanup.policy={policy}, {wanted} is needed")
    if wanted == "compact":
        _check_segments(plan, config, findings)


def _check_segments(plan: PlannedTopic, config: Mapping[str, str], findings: Findings) -> None:
    # What stands in the segment being written is not compacted, and a take-over reads all of it.
    for name in ("segment.bytes", "segment.ms"):
        wanted = plan.config.get(name)
        if wanted is not None and int(config.get(name, wanted)) > int(wanted):
            findings.warnings.append(f"has {name}={config[name]}: take-overs get slow, {wanted} is advised")


def _check_retention(plan: PlannedTopic, config: Mapping[str, str], findings: Findings) -> None:
    if plan.config.get("cleanup.policy") == "compact":
        return
    wanted = int(plan.config.get("retention.ms", UNLIMITED))
    kept = int(config.get("retention.ms", wanted))
    size = int(config.get("retention.bytes", UNLIMITED))
    limited = kept != UNLIMITED or size != UNLIMITED
    if plan.topic.name == "definitions" and limited:
        findings.problems.append("has a retention, releases are kept for ever: retention.ms=-1, retention.bytes=-1")
    elif wanted == UNLIMITED and limited:
        findings.warnings.append("has a retention: replay and verify can speak of what is kept only")
    elif kept != UNLIMITED and kept < wanted:
        findings.warnings.append(f"has retention.ms={kept}, {wanted} is advised")


def _check_timestamps(plan: PlannedTopic, config: Mapping[str, str], findings: Findings) -> None:
    wanted = plan.config.get("message.timestamp.type")
    kind = config.get("message.timestamp.type", "CreateTime")
    if wanted is None or kind == wanted:
        return
    if plan.topic.direction != "in":
        findings.problems.append(f"has message.timestamp.type={kind}, {wanted} is needed")
        return
    ahead = int(config.get("message.timestamp.after.max.ms", HOUR_MS))
    if ahead > HOUR_MS:
        findings.problems.append(
            f"has message.timestamp.after.max.ms={ahead}: producers may run more than an hour ahead;"
            f" set it to {HOUR_MS} or less, or message.timestamp.type=LogAppendTime"
        )
    else:
        findings.warnings.append("has CreateTime: arrival is what producers say, LogAppendTime is advised")
