"""Reads the status of a deployment, and writes it as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from schemas.topics import (
    CLAIMS,
    CLOCK,
    CONTACTS,
    CONTACTS_CHANGELOG,
    CRM_OPPORTUNITIES,
    DEAD_LETTERS,
    JOURNAL,
    LEDGER_JOURNAL,
    OPPORTUNITIES_CHANGELOG,
    PIPELINE_IN,
    QUALIFIED_LEADS,
    Topic,
)
from schemas.values import instant_text
from streams.clock import now_ms
from streams.kafka.clients import fetch_partitions
from streams.kafka.deployment import read_deployment
from streams.kafka.partitions import Partition
from streams.kafka.protocols import TopicPartitionLike
from streams.kafka.reader import open_consumer
from streams.kafka.topic_admin import TopicsReport, check_topics
from streams.kafka.view_groups import ViewGroup, read_view_groups
from streams.kafka.worker_groups import GroupWorker, group_id, group_workers
from streams.progress import ProgressCallback
from streams.runtime.time.alignment import AlignmentSettings
from streams.settings import Settings
from streams.store.checkpoints import read_checkpoints
from streams.store.status.handovers import HandOverStatus, read_handovers
from streams.store.status.lag import PartitionLag, read_lag, total
from streams.store.status.read_models import READ_MODEL_TOPICS, ReadModelStatus, read_models
from streams.store.status.refusals import RefusalCounts, read_refusal_counts
from streams.store.status.time_status import (
    TimeStatus,
    events_status,
    read_claims,
    read_clock_records,
    wall_status,
)

GROUP_TOPICS: Mapping[str, Topic] = {
    "pipeline": JOURNAL,
    "ledger": LEDGER_JOURNAL,
    "crm": QUALIFIED_LEADS,
}
"""Role -> the topic whose partitions its workers share: its slots, for the CRM the hand-overs."""

VIEWS_TOPIC = CONTACTS
"""The one of several out-topics whose partitions stand beside the workers of the read models."""

_LAG_TOPICS = (*PIPELINE_IN, CRM_OPPORTUNITIES, JOURNAL, LEDGER_JOURNAL)
_OTHER_TOPICS = (DEAD_LETTERS, QUALIFIED_LEADS, *READ_MODEL_TOPICS)


@dataclass(frozen=True, slots=True)
class WorkProgress:
    """How far workers are. `lag` is by topic without prefix: in-topics towards their journal, journals towards what
    is decided.
    """

    lag: Mapping[str, PartitionLag]
    time: TimeStatus
    dead_letters: RefusalCounts
    hand_overs: HandOverStatus
    read_models: ReadModelStatus


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """The status of a deployment at the instant `now` (ms). `progress` is None while topics are missing.

    `orgs` has name, address (`org`) and accounts of each org, where this process knows of several.
    """

    settings: Settings
    topics: TopicsReport
    workers: Mapping[str, Sequence[GroupWorker]]
    progress: WorkProgress | None
    now: int
    orgs: Sequence[Mapping[str, Any]] = ()

    @property
    def has_salesforce(self) -> bool:
        """Whether the settings of this process name an org."""
        return self.settings.has_salesforce

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON values."""
        record = self.topics.deployment
        return {
            "broker": self.settings.bootstrap,
            "prefix": self.settings.prefix,
            "deployment": None if record is None else {"clock": record.clock, "partitions": record.partitions},
            "topics": {
                "fit": self._fit_count(),
                "count": len(self.topics.findings),
                "problems": [f"{each.topic} {problem}" for each in self.topics.findings for problem in each.problems],
            },
            "workers": [
                {
                    "role": role,
                    "name": each.name,
                    "host": each.host,
                    "process": each.process,
                    "slots": list(each.partitions),
                    **({"partitions": each.assigned_count, "group": each.group} if role == "views" else {}),
                }
                for role, workers in self.workers.items()
                for each in workers
            ],
            "salesforce": {
                "configured": self.has_salesforce,
                "workers": len(self.workers.get("crm", ())),
                **({"orgs": list(self.orgs)} if self.orgs else {}),
                **({} if self.progress is None else self.progress.hand_overs.to_dict()),
            },
            **({} if self.progress is None else self._progress_to_dict(self.progress)),
        }

    def lines(self) -> Iterator[str]:
        """The status as lines for people."""
        record = self.topics.deployment
        made = "" if record is None else f", {record.clock} clock, {record.partitions} slots"
        yield f"broker       {self.settings.bootstrap} answers"
        yield f"topics       {self._fit_count()} of {len(self.topics.findings)} fit{made}"
        yield from self._worker_lines()
        if self.progress is not None:
            yield from self._lag_lines(self.progress.lag)
            yield from self._time_lines(self.progress.time)
        yield f"Salesforce   {self._salesforce_text()}"
        for each in self.orgs:
            whose = ", ".join(each["accounts"]) or "all other accounts"
            yield f"Salesforce   org {each['name'] or 'default'} ({each['org']}) is that of {whose}"
        yield from self._hand_over_lines()
        if self.progress is not None:
            for text in self.progress.read_models.texts():
                yield f"views        {text}"
            yield f"dead letters {_refusals_text(self.progress.dead_letters)}"

    def _fit_count(self) -> int:
        return sum(1 for finding in self.topics.findings if not finding.problems)

    def _progress_to_dict(self, progress: WorkProgress) -> dict[str, Any]:
        time, counts = progress.time, progress.dead_letters
        holder = time.holder
        return {
            "lag": [
                {"topic": topic, "records": lag.records, "exact": lag.is_exact} for topic, lag in progress.lag.items()
            ],
            "time": {
                "tick": _instant(time.tick),
                "told": {account: instant_text(at) for account, at in time.account_times.items()},
                "reached": {account: instant_text(at) for account, at in time.reached_times.items()},
                "held_by": None
                if holder is None
                else {
                    "partition": holder.partition,
                    "claim": _instant(holder.claim),
                    "worker": holder.worker,
                    "reason": holder.reason,
                },
                "left_out": list(time.left_out),
                "last_claim_written": _instant(time.written_at),
            },
            "views": progress.read_models.to_dict(),
            "dead_letters": {"count": counts.count, "by_code": counts.by_code, "complete": counts.is_complete},
        }

    def _worker_lines(self) -> Iterator[str]:
        for role in ("pipeline", "ledger"):
            workers = self.workers.get(role, ())
            if not workers:
                yield f"workers      no {role} runs; `leadstream worker` starts one"
            for each in workers:
                yield f"workers      {role} {each.name} on {each.host}: {_slots_text(each.partitions)}"

    def _lag_lines(self, lag: Mapping[str, PartitionLag]) -> Iterator[str]:
        sources = (*PIPELINE_IN, CRM_OPPORTUNITIES)
        waiting = [f"{_count_text(lag[topic.name])} of {topic.name}" for topic in sources if lag[topic.name].records]
        yield f"lag          not in the journal yet: {', '.join(waiting) or 'nothing'}"
        journals = [(JOURNAL.name, "the journal"), (LEDGER_JOURNAL.name, "the ledger's journal")]
        waiting = [f"{_count_text(lag[name])} of {text}" for name, text in journals if lag[name].records]
        yield f"lag          not decided yet: {', '.join(waiting) or 'nothing'}"

    def _time_lines(self, time: TimeStatus) -> Iterator[str]:
        for account, told in time.account_times.items():
            reached = time.reached_times.get(account)
            behind = "" if reached == told else f", reached {_instant(reached) or 'nothing yet'}"
            yield f"time         {account}: told {instant_text(told)}{behind}"
        record = self.topics.deployment
        if record is not None and record.clock == "events" and not time.account_times:
            yield "time         nobody has told the time yet: a line `clock.advanced` in `publish` does"
        if record is not None and record.clock == "wall":
            tick = "no tick yet" if time.tick is None else f"decided up to {_ago(time.tick, self.now)}"
            yield f"time         {tick}"
        if time.holder is not None:
            holder = time.holder
            claim = "" if holder.claim is None else f", in the journal up to {_ago(holder.claim, self.now)}"
            is_there = holder.worker in [each.name for each in self.workers.get("pipeline", ())]
            reader = "read by" if is_there else "last read by"
            worker = f", {reader} {holder.worker}" if holder.worker else ""
            reason = f": {holder.reason}" if holder.reason else ""
            yield f"time         waits for {holder.partition}{claim}{worker}{reason}"
        for name in time.left_out:
            yield f"time         waits no more for {name}: its records will be late"

    def _hand_over_lines(self) -> Iterator[str]:
        """What waits; nothing where nobody hands over, for everything waits there."""
        if self.progress is not None and (self.has_salesforce or self.workers.get("crm")):
            for text in self.progress.hand_overs.texts():
                yield f"Salesforce   {text}"

    def _salesforce_text(self) -> str:
        count = len(self.workers.get("crm", ()))
        if count:
            return f"on, {'1 worker hands' if count == 1 else f'{count} workers hand'} over"
        if self.has_salesforce:
            return "off: it is configured, and no worker of role crm runs"
        return "off: none of LEADSTREAM_SALESFORCE_DOMAIN, ..._URL and ..._ORGS is set, and no worker runs it"


async def read_status(settings: Settings, on_progress: ProgressCallback) -> DeploymentStatus:
    """The status now; `settings` in it have what is fixed with the deployment.

    Raises BrokerUnavailable, and TopicsMismatch where this process was set to decide otherwise than the deployment.
    """
    record = await read_deployment(settings)
    if record is not None:
        update = {"clock": record.clock, "partitions": record.partitions}
        settings = record.settings_of_reader(settings).model_copy(update=update)
    topics = await check_topics(settings)
    workers = {
        role: await group_workers(settings.bootstrap, group_id(settings.prefix, role), settings.prefix + topic.name)
        for role, topic in GROUP_TOPICS.items()
    }
    views = await read_view_groups(settings, settings.prefix + VIEWS_TOPIC.name)
    workers["views"] = [worker for group in views for worker in group.workers]
    is_readable = record is not None and not any(finding.is_missing for finding in topics.findings)
    progress = await _read_progress(settings, views, on_progress) if is_readable else None
    return DeploymentStatus(settings, topics, workers, progress, now_ms())


async def _read_progress(
    settings: Settings, views: Sequence[ViewGroup], on_progress: ProgressCallback
) -> WorkProgress:
    topics = [settings.prefix + topic.name for topic in (*_LAG_TOPICS, *_OTHER_TOPICS)]
    partitions = await fetch_partitions(settings.bootstrap, topics)
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        slots = [_partition(settings, CONTACTS_CHANGELOG, number) for number in range(settings.partitions)]
        ledger = _partition(settings, OPPORTUNITIES_CHANGELOG, 0)
        on_progress("reading checkpoints", 0, 0)
        checkpoints = await read_checkpoints(consumer, [*slots, ledger])
        positions = {
            _with_prefix(settings, name): offset
            for checkpoint in checkpoints.values()
            for name, offset in checkpoint.feeds.items()
        }
        followed = [each for topic in _LAG_TOPICS for each in partitions[settings.prefix + topic.name]]
        lags = await read_lag(consumer, followed, positions)
        sources = [
            Partition(topic.name, each.partition)
            for topic in PIPELINE_IN
            for each in partitions[settings.prefix + topic.name]
        ]
        claims = await read_claims(consumer, _partition(settings, CLAIMS, 0), sources)
        own = [checkpoints[slot] for slot in slots]
        if settings.clock == "wall":
            time = wall_status(own, claims, sources, AlignmentSettings.from_settings(settings))
        else:
            clock_records = await read_clock_records(consumer, _partition(settings, CLOCK, 0))
            time = events_status(own, claims, sources, clock_records)
        hand_overs = await read_handovers(settings, consumer, partitions[settings.prefix + QUALIFIED_LEADS.name])
        written = [each for topic in READ_MODEL_TOPICS for each in partitions[settings.prefix + topic.name]]
        models = await read_models(settings, consumer, views, written)
        counts = await read_refusal_counts(consumer, partitions[settings.prefix + DEAD_LETTERS.name], on_progress)
    lag = {topic.name: total(lags, settings.prefix + topic.name) for topic in _LAG_TOPICS}
    return WorkProgress(lag, time, counts, hand_overs, models)


def _partition(settings: Settings, topic: Topic, number: int) -> TopicPartitionLike:
    partition: TopicPartitionLike = TopicPartition(settings.prefix + topic.name, number)
    return partition


def _with_prefix(settings: Settings, name: str) -> TopicPartitionLike:
    topic, number = Partition.parse(name)
    partition: TopicPartitionLike = TopicPartition(settings.prefix + topic, number)
    return partition


def _instant(at: int | None) -> str | None:
    return None if at is None else instant_text(at)


def _ago(at: int, now: int) -> str:
    return f"{instant_text(at)} ({max(now - at, 0) / 1000:.1f} s ago)"


def _slots_text(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no slot"
    return f"slot{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"


def _count_text(lag: PartitionLag) -> str:
    return f"{lag.records}" if lag.is_exact else f"about {lag.records}"


def _refusals_text(counts: RefusalCounts) -> str:
    if not counts.count:
        return "none"
    codes = ", ".join(f"{code} {count}" for code, count in counts.by_code.items())
    newest = "" if counts.is_complete else " of the newest ones"
    return f"{counts.count}{newest}: {codes}"
