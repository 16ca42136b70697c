"""What is killed when: a seeded plan of kills of the views' processes, of Redis and of the broker."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tests.harness.views.redis_gateway import Moment

Undertaking = Literal["updates", "rebuild", "first build"]
"""The consumer applies what comes; `leadstream views rebuild` runs; the consumer builds what Redis has lost."""

Victim = Literal["process", "redis", "broker"]

Comeback = Literal["as it was", "as saved", "empty"]
"""What a Redis has after its kill."""

_SCRIPTS = frozenset({b"EVALSHA", b"EVAL"})


class Point(NamedTuple):
    """Commands at which something dies: at one of the first `most` of these names with this in their key."""

    name: str
    commands: frozenset[bytes]
    key_part: bytes
    most: int


UPDATE_POINTS: Sequence[Point] = (
    Point("operations", _SCRIPTS, b":offsets", 12),
    Point("progress", frozenset({b"HSET"}), b":progress:", 2),
)

BUILD_POINTS: Sequence[Point] = (
    Point("lock", frozenset({b"SET"}), b"leadstream:rebuild", 1),
    Point("new account", frozenset({b"SADD"}), b":accounts:", 1),
    Point("operations", _SCRIPTS, b":offsets", 8),
    Point("progress", frozenset({b"HSET"}), b":progress:", 1),
    Point("renewal", _SCRIPTS, b"leadstream:rebuild", 2),
    Point("swap", _SCRIPTS, b"leadstream:deployment", 1),
    Point("swap", _SCRIPTS, b"leadstream:deployment", 1),
    Point("unlinking", frozenset({b"UNLINK"}), b"", 20),
)


@dataclass(frozen=True)
class Kill:
    """One kill: what runs, what dies, at the `countdown`-th command of a point, before or after it is done."""

    undertaking: Undertaking
    victim: Victim
    point: Point
    countdown: int
    moment: Moment
    comeback: Comeback

    def __str__(self) -> str:
        place = f"{self.moment} {self.point.name} {self.countdown} of {self.undertaking}"
        return f"{self.victim} {place}" + (f", comes back {self.comeback}" if self.victim == "redis" else "")


def kill_plan(seed: int, count: int, *, kills_broker: bool, is_durable: bool) -> list[Kill]:
    """`count` kills. A durable Redis comes back as it was or empty, another one as it was saved last or empty."""
    chance = random.Random(seed)
    kills = []
    for _ in range(count):
        undertaking: Undertaking = chance.choice(["updates", "rebuild", "rebuild", "first build"])
        point = chance.choice(UPDATE_POINTS if undertaking == "updates" else BUILD_POINTS)
        victims: list[Victim] = ["process", "process", "process", "redis", "redis"]
        if kills_broker:
            victims.append("broker")
        kept: Comeback = "as it was" if is_durable else "as saved"
        kills.append(
            Kill(
                undertaking,
                chance.choice(victims),
                point,
                chance.randint(1, point.most),
                chance.choice(["before", "after"]),
                chance.choice([kept, kept, "empty"]),
            )
        )
    return kills
