"""The assignor: partitions travel as slots.

Journal and changelog partitions are shared out together (slot_shares.py). In-topics follow their slot whatever their
partition count: partition q of an in-topic goes to the owner of journal partition q mod N. `Any` stands for Faust's
own cluster metadata and assignments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from faust.assignor.partition_assignor import PartitionAssignor

from streams.errors import Internal
from streams.kafka.partitions import slot_for_partition
from streams.kafka.worker_groups import process_name, with_engine_version, with_process
from streams.runtime.fatal import die
from streams.runtime.faust.slot_shares import share_out


class SlotAssignor(PartitionAssignor):  # type: ignore[misc]  # Faust publishes no types
    """The base of each app's assignor class; `slot_assignor` makes it, since Faust instantiates the class itself."""

    sources: ClassVar[frozenset[str]] = frozenset()
    journal: ClassVar[str] = ""
    slots: ClassVar[int] = 0

    def metadata(self, topics: set[str]) -> Any:
        """The subscription of this member: Faust's, with the engine version and this process beside it."""
        metadata = super().metadata(topics)
        process = process_name(self.app.conf.broker_client_id)
        user_data = with_process(with_engine_version(metadata.user_data), process)
        return type(metadata)(metadata.version, metadata.subscription, user_data)

    def _perform_assignment(self, cluster: Any, member_metadata: Any) -> Any:
        try:
            self._require_topics(cluster)
        except Internal as error:
            die("the group cannot be shared out yet", error)
        self._former = {
            member: self._get_client_metadata(metadata).assignment.actives.get(self.journal, ())
            for member, metadata in member_metadata.items()
        }
        return super()._perform_assignment(cluster, member_metadata)

    def _require_topics(self, cluster: Any) -> None:
        """Raises Internal while a topic is not visible, as may be just after its creation: a member that is assigned
        nothing because of that would idle silently.
        """
        visible = len(cluster.partitions_for_topic(self.journal) or ())
        if visible != self.slots:
            raise Internal(f"topic {self.journal} shows {visible} partitions of {self.slots}; trying again")
        missing = [topic for topic in sorted(self.sources) if not cluster.partitions_for_topic(topic)]
        if missing:
            raise Internal(f"topics not seen yet: {', '.join(missing)}; trying again")

    def _get_copartitioned_groups(  # type: ignore[no-untyped-def]  # Faust's own types are not published
        self, topics: Iterable[str], cluster: Any, subscriptions: Any
    ):
        self._partition_counts = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in self.sources}
        shared = {topic for topic in topics if topic not in self.sources}
        return super()._get_copartitioned_groups(shared, cluster, subscriptions)

    def _global_table_standby_assignments(
        self, assignments: Mapping[str, Any], partitions_by_topic: Mapping[str, int]
    ) -> Mapping[str, Any]:
        # The last step before the assignment is final: the slots are shared out, and in-topics added beside them.
        final = super()._global_table_standby_assignments(assignments, partitions_by_topic)
        shares = share_out(self.slots, self._former)
        partition_counts = {**dict.fromkeys(partitions_by_topic, self.slots), **self._partition_counts}
        for member, assignment in final.items():
            owned = set(shares[member])
            for topic, count in partition_counts.items():
                numbers = [number for number in range(count) if slot_for_partition(number, self.slots) in owned]
                assignment.actives.pop(topic, None)
                if numbers:
                    assignment.actives[topic] = numbers
        return final  # type: ignore[no-any-return]


def slot_assignor(journal: str, sources: Iterable[str], slots: int) -> type[SlotAssignor]:
    """The assignor class of one app; topic names with the deployment's prefix."""
    members = {"journal": journal, "sources": frozenset(sources), "slots": slots}
    return type("SlotAssignor", (SlotAssignor,), members)
