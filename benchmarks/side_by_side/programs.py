"""The peers' programs: which command runs each, in which variant, and how often it does the job in one process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.side_by_side.cells import RunPlace

WARM_EVENTS = 500_000
"""A Java virtual machine is warm after about so many events (or after MOST_PASSES passes)."""
MOST_PASSES = 6


@dataclass(frozen=True)
class PeerProgram:
    """A program and its variant; `arguments` makes the command without the file of the task, its last argument."""

    variant: str
    arguments: Callable[[RunPlace], Sequence[str]]
    is_warm: bool = False
    """Whether the job is done several times in one process and the last time counts."""

    def command(self, place: RunPlace, task_file: Path) -> list[str]:
        """Returns the command of a run."""
        return [*self.arguments(place), str(task_file)]

    def passes(self, total: int) -> int:
        """Returns how often the job is done."""
        return min(MOST_PASSES, 1 + -(-WARM_EVENTS // total)) if self.is_warm else 1


def _module(name: str) -> list[str]:
    return ["-m", f"benchmarks.side_by_side.peers.{name}"]


def _own(name: str) -> Callable[[RunPlace], Sequence[str]]:
    """The command in this project's environment."""
    return lambda _: [sys.executable, *_module(name)]


def _other(name: str) -> Callable[[RunPlace], Sequence[str]]:
    """The command in the peers' environment."""
    return lambda place: [str(place.peer_python), *_module(name)]


def _streams(place: RunPlace) -> Sequence[str]:
    if place.streams_command is None:
        raise ValueError("Kafka Streams needs java and mvn")
    return place.streams_command


STREAMS_PREFIX = "kafka-streams"
PROGRAMS: Mapping[str, PeerProgram] = {
    "faust": PeerProgram("plain", _own("faust_agent")),
    "quix-exactly-once": PeerProgram("exactly-once", _other("quix")),
    "quix-at-least-once": PeerProgram("at-least-once", _other("quix")),
    "bytewax": PeerProgram("recovery", _other("bytewax_flow")),
    "bytewax-without-recovery": PeerProgram("memory", _other("bytewax_flow")),
    "aiokafka": PeerProgram("plain", _own("aiokafka_loop")),
    "aiokafka-transactions": PeerProgram("transactions", _own("aiokafka_loop")),
    "confluent": PeerProgram("plain", _other("confluent_loop")),
    "confluent-transactions": PeerProgram("transactions", _other("confluent_loop")),
    "kafka-streams-cold": PeerProgram("every", _streams),
    "kafka-streams-warm": PeerProgram("every", _streams, is_warm=True),
    "kafka-streams-warm-changed": PeerProgram("changed", _streams, is_warm=True),
}
"""`changed`: only the segments that name a changed property or the visited page are evaluated."""


def is_available(name: str, place: RunPlace) -> bool:
    """Returns whether a peer can run here: Kafka Streams needs Java and Maven."""
    return not name.startswith(STREAMS_PREFIX) or place.streams_command is not None
