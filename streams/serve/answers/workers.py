"""Workers, lag and what holds time back, as `leadstream status --json` writes them."""

from __future__ import annotations

from typing import Literal

from schemas.views.base import InstantText, ViewModel
from streams.settings import Clock

WorkerRole = Literal["pipeline", "ledger", "crm", "views"]


class WorkerShare(ViewModel):
    """A worker in one of its roles, and its share of the partitions."""

    role: WorkerRole
    name: str
    host: str
    """As the broker sees it."""
    process: str
    """Which process it is; a process may have several roles."""
    slots: list[int]
    """Partitions of the topic that the workers of the role share."""
    partitions: int | None = None
    """Of the role `views` alone: partitions of all out-topics that it reads."""
    group: str | None = None
    """Of the role `views` alone: its consumer group, one for each Redis."""


class DeploymentFacts(ViewModel):
    """What is fixed with a deployment."""

    clock: Clock
    partitions: int
    """How many slots there are."""


class TopicsFit(ViewModel):
    """Whether the topics are as they should be."""

    fit: int
    count: int
    problems: list[str]
    """For people, one for each thing that is wrong."""


class WaitingRecords(ViewModel):
    """How many records wait."""

    records: int
    exact: bool
    """False where offsets were counted, of which some are no records."""


class TopicLag(WaitingRecords):
    """Records of a topic that are not in the journal, or of a journal that are not decided."""

    topic: str
    """Without the deployment's prefix."""


class PartitionHoldingTime(ViewModel):
    """The partition that holds time back."""

    partition: str
    claim: InstantText | None
    """Up to where it is in the journal; null where nobody claims anything of it."""
    worker: str
    """Who reads it, or did last; empty where nobody is known."""
    reason: str
    """Why it stands still; empty where it does not."""


class TimeProgress(ViewModel):
    """How far time is."""

    tick: InstantText | None
    """Up to where time is decided; null before the first tick, and on the events clock."""
    told: dict[str, InstantText]
    """Account to what it was told, on the events clock."""
    reached: dict[str, InstantText]
    """Account to where every slot is."""
    held_by: PartitionHoldingTime | None
    """Null where time waits for nobody."""
    left_out: list[str]
    """Partitions that stood still for too long: time does not wait for them any more."""
    last_claim_written: InstantText | None


class StoppedHandOvers(ViewModel):
    """An account whose hand-overs stand still."""

    account: str
    since: InstantText


class PausedHandOvers(ViewModel):
    """An account whose hand-overs somebody paused."""

    account: str | None
    """Null for a pause of all accounts."""
    by: str | None
    at: InstantText | None


class OrgOfAccounts(ViewModel):
    """One of several orgs, and whose it is."""

    name: str
    org: str
    """Its address."""
    accounts: list[str]
    """Empty for the org of all other accounts."""


class SalesforceProgress(ViewModel):
    """How far hand-overs are. What is not there is not known while topics are missing."""

    configured: bool
    """Whether the settings of this process name an org."""
    workers: int
    orgs: list[OrgOfAccounts] | None = None
    waiting: WaitingRecords | None = None
    stopped: list[StoppedHandOvers] | None = None
    paused: list[PausedHandOvers] | None = None


class TopicOffsets(ViewModel):
    """Offsets of a topic that are not in the read models; the ends of transactions count, too."""

    topic: str
    records: int


class ReadModelLag(ViewModel):
    """How far the read models of one Redis are, as their workers told Kafka."""

    group: str
    """The consumer group of the workers."""
    workers: int
    lag: list[TopicOffsets]


class ReadModels(ReadModelLag):
    """Those that this server reads, and those of other Redis servers."""

    others: list[ReadModelLag]


class RefusedRecords(ViewModel):
    """How many dead letters there are."""

    count: int
    by_code: dict[str, int]
    complete: bool
    """False where the newest alone were counted."""


class WorkersAnswer(ViewModel):
    """Workers, lag and time; `lag`, `time`, `views` and `dead_letters` are not there while topics are missing."""

    broker: str
    prefix: str
    """Of the topics."""
    deployment: DeploymentFacts | None
    """Null before the topics are made."""
    topics: TopicsFit
    workers: list[WorkerShare]
    salesforce: SalesforceProgress
    lag: list[TopicLag] | None = None
    time: TimeProgress | None = None
    views: ReadModels | None = None
    dead_letters: RefusedRecords | None = None
