"""Which topics the read models are made of, and how each one's records become operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from operator import attrgetter

import structlog

from schemas.topics import (
    CAMPAIGN_REVENUE,
    CONTACTS,
    CRM_RESULTS,
    LEAD_CHANGES,
    LEADS,
    SEGMENT_CHANGES,
    SEGMENT_MEMBERS,
    Topic,
)
from streams.kafka.protocols import ConsumedRecord, TopicPartitionLike
from streams.settings import Settings
from streams.views.batches import OperationBatch
from streams.views.models.changes import ChangeModel
from streams.views.models.contacts import contact_operation
from streams.views.models.leads import lead_operation
from streams.views.models.members import member_operation
from streams.views.models.operation import LIVE, NotAnOutput, Reach, ToOperation
from streams.views.models.revenue import revenue_operation

TABLES: Sequence[Topic] = (CONTACTS, SEGMENT_MEMBERS, LEADS, CAMPAIGN_REVENUE)
"""The compacted topics."""

HISTORY: Sequence[Topic] = (SEGMENT_CHANGES, LEAD_CHANGES, CRM_RESULTS)
"""The topics of changes, which retention cuts off."""

VIEW_TOPICS: Sequence[Topic] = (*TABLES, *HISTORY)

log = structlog.get_logger()


class Router:
    """Turns records into batches of operations; `retention` is how long changes are kept (ms, -1: for ever)."""

    def __init__(self, settings: Settings, retention: int) -> None:
        changes = ChangeModel(retention, settings.normalize_ids)
        self._prefix = settings.prefix
        self._to_operation: Mapping[str, ToOperation] = {
            settings.prefix + topic.name: to_operation
            for topic, to_operation in (
                (CONTACTS, contact_operation),
                (SEGMENT_MEMBERS, member_operation),
                (LEADS, lead_operation),
                (CAMPAIGN_REVENUE, revenue_operation),
                (SEGMENT_CHANGES, changes.output_operation),
                (LEAD_CHANGES, changes.output_operation),
                (CRM_RESULTS, changes.result_operation),
            )
        }
        self._history = {settings.prefix + topic.name for topic in HISTORY}
        self.refused = 0
        """How many records were passed over, since no Leadstream wrote them."""

    def partition_name(self, partition: TopicPartitionLike) -> str:
        """`topic:partition`, the topic without prefix."""
        return f"{partition.topic.removeprefix(self._prefix)}:{partition.partition}"

    def batch(
        self, fetched: Mapping[TopicPartitionLike, Sequence[ConsumedRecord]], reach: Reach = LIVE
    ) -> OperationBatch:
        """The operations of fetched records; changes of several partitions in the order of their writing."""
        batch = OperationBatch()
        history = []
        for partition, records in fetched.items():
            if partition.topic in self._history:
                history.append(records)
            else:
                self._add(batch, records, reach)
        self._add(batch, merge(*history, key=attrgetter("timestamp")), reach)
        return batch

    def _add(self, batch: OperationBatch, records: Iterable[ConsumedRecord], reach: Reach) -> None:
        names: dict[tuple[str, int], str] = {}
        for record in records:
            place = (record.topic, record.partition)
            name = names.get(place)
            if name is None:
                name = names[place] = f"{record.topic.removeprefix(self._prefix)}:{record.partition}"
            try:
                operation = self._to_operation[record.topic](record, reach)
            except NotAnOutput as error:
                self.refused += 1
                # Of the error only the kind: a value may hold personal data.
                log.debug("passed over", partition=name, offset=record.offset, problem=type(error.__cause__).__name__)
            else:
                batch.add(name, record.offset, operation)
