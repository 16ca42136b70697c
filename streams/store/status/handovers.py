"""How far hand-overs to Salesforce are: what waits, which accounts stand still, and what is paused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from schemas.values import instant_text
from streams.kafka.clients import admin_client
from streams.kafka.protocols import Consumer, TopicPartitionLike
from streams.kafka.worker_groups import group_id
from streams.settings import Settings
from streams.store.handovers.commands import HandOverPause, read_commands
from streams.store.handovers.progress import read_progress
from streams.store.status.lag import PartitionLag, read_lag

MAX_ACCOUNTS = 10
"""So many accounts are named in lines; of the others only the number is told."""


@dataclass(frozen=True, slots=True)
class HandOverStatus:
    """`lag` is of `qualified-leads` without what stands still; `stops` has, by account, since when (ms)."""

    lag: PartitionLag
    stops: Mapping[str, int] = field(default_factory=dict)
    pauses: Sequence[HandOverPause] = ()

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON values."""
        return {
            "waiting": {"records": self.lag.records, "exact": self.lag.is_exact},
            "stopped": [
                {"account": account, "since": instant_text(since)} for account, since in sorted(self.stops.items())
            ],
            "paused": [{"account": each.account, "by": each.by, "at": each.at} for each in self.pauses],
        }

    def texts(self) -> Iterator[str]:
        """What people should know, one line each; none where all is well."""
        if self.lag.records:
            about = "" if self.lag.is_exact else "about "
            yield f"{about}{self.lag.records} of qualified-leads wait"
        for pause in self.pauses:
            yield str(pause)
        paused = {each.account for each in self.pauses}
        stops = sorted((since, account) for account, since in self.stops.items() if account not in paused)
        for since, account in stops[:MAX_ACCOUNTS]:
            yield f"hand-overs of {account} stand still since {instant_text(since)}: a worker's health says why"
        if len(stops) > MAX_ACCOUNTS:
            yield f"hand-overs of {len(stops) - MAX_ACCOUNTS} more accounts stand still"


async def read_handovers(
    settings: Settings, consumer: Consumer, partitions: Sequence[TopicPartition]
) -> HandOverStatus:
    """The status now; `partitions` are those of `qualified-leads`. Assigns `consumer`.

    Raises TopicsMissing, BrokerUnavailable.
    """
    async with admin_client(settings.bootstrap) as admin:
        progress = await read_progress(admin, group_id(settings.prefix, "crm"), partitions)
    positions: dict[TopicPartitionLike, int] = {partition: each.offset for partition, each in progress.items()}
    lags = await read_lag(consumer, partitions, positions)
    stops: dict[str, int] = {}
    for each in progress.values():
        for account, stop in each.stops.items():
            stops[account] = min(stops.get(account, stop.since), stop.since)
    commands = await read_commands(settings, consumer)
    pauses = [*([commands.pause] if commands.pause is not None else []), *commands.account_pauses.values()]
    lag = PartitionLag(sum(each.records for each in lags.values()), all(each.is_exact for each in lags.values()))
    return HandOverStatus(lag, stops, pauses)
