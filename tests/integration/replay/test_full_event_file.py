"""A file with all that may stand in one, published in order and replayed: the same outputs per contact."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from schemas.values import instant_text
from streams.errors import DataError
from streams.replay.file import EVENT_TOPICS
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.engine.engine_driver import START
from tests.programs.chaos.traffic_source import AFTER, BEFORE, messages

EVENTS = 1_500
STEP_MS = 400
CLOCK_EVERY = 100
LAST = {**BEFORE, "campaigns": AFTER["campaigns"][:2]}

_OutputsByKey = dict[str, list[dict[str, Any]]]


class SimulatedClock:
    """A clock that goes on a little whenever it is asked."""

    def __init__(self, chance: random.Random) -> None:
        self.now = START
        self._chance = chance

    def __call__(self) -> int:
        self.now += self._chance.randrange(STEP_MS)
        return self.now


def lines(chance: random.Random) -> Iterator[bytes]:
    """Events of every type, late ones, repeats, broken ones; time told, and definitions changed twice midway."""
    clock = SimulatedClock(chance)
    yield told("definitions.applied", at=START, definitions=BEFORE)
    for number, (_, _, value) in enumerate(messages(EVENTS, chance, clock)):
        yield value
        if number % CLOCK_EVERY == CLOCK_EVERY - 1:
            yield told("clock.advanced", at=clock.now)
        if number == EVENTS // 3:
            yield told("definitions.applied", at=clock.now, definitions=AFTER)
        if number == 2 * EVENTS // 3:  # from the time that was told last on
            yield told("definitions.applied", definitions=LAST)


def told(type_: str, at: int | None = None, **fields: Any) -> bytes:
    """A line that is not an event."""
    when = {} if at is None else {"at": instant_text(at)}
    return msgspec.json.encode({"type": type_, **when, **fields})


def per_contact(outputs: list[dict[str, Any]]) -> _OutputsByKey:
    """Contact -> its outputs in their order, without what may differ."""
    found: _OutputsByKey = defaultdict(list)
    for output in sorted(outputs, key=lambda each: (each["number"]["offset"], each["number"]["ordinal"])):
        found[output["contact"]].append({k: v for k, v in output.items() if k not in {"number", "emitted_at"}})
    return found


def refusals(said: str) -> Counter[str]:
    """How often each code of a dead letter was given for a line of the file."""
    return Counter(re.findall(r"^\S+events\.jsonl:\d+: ([a-z_]+): ", said, re.MULTILINE))


def test_a_file_with_everything_published_in_order_gives_what_its_replay_gives(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(lines(random.Random(17))) + b"\n")
    replayed = leadstream("replay", str(file))
    assert replayed.returncode == 0, replayed.stderr
    expected = per_contact([msgspec.json.decode(line) for line in replayed.stdout.splitlines()])

    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=3, in_partitions=2) as deployment:
        deployment.start_worker()
        published = leadstream("publish", "--ordered", "--json", str(file), env=deployment.environment)
        assert published.returncode == DataError.exit_code, published.stderr  # some lines are no events
        deployment.wait_until_settled()
        outputs, stamps = read_outputs(deployment)
        letters = [record for partition in deployment.read_records("dead-letters").values() for record in partition]
    found = per_contact(outputs)

    types = Counter(output["type"] for each in expected.values() for output in each)
    assert min(types[name] for name in ("segment.exited", "lead.points_changed", "lead.handed_over")) > 20, types
    causes = {output["cause"]["kind"] for each in expected.values() for output in each}
    assert causes >= {"clock", "event", "command", "definition", "automation", "audience", "cascade"}
    assert any(output["cause"].get("late") for each in expected.values() for output in each)
    assert all(stamps)

    assert found.keys() == expected.keys()
    for contact, wanted in expected.items():
        assert found[contact] == wanted, contact
    codes = Counter(dict(record.headers)["error-code"].decode() for record in letters)
    assert codes == refusals(replayed.stderr)
    assert len(codes) > 6
    assert f"{codes.total() + msgspec.json.decode(published.stdout)['refused']} refused" in replayed.stderr


def read_outputs(deployment: Pipeline) -> tuple[list[dict[str, Any]], list[bool]]:
    """Every event that came out; and of each whether it says when it was written."""
    outputs = [
        msgspec.json.decode(record.value)
        for topic in EVENT_TOPICS
        for partition in deployment.read_records(topic).values()
        for record in partition
    ]
    return outputs, ["emitted_at" in output for output in outputs]
