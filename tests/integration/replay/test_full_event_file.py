"""A file with every kind of line gives the same outputs per contact when published in order and when replayed."""

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
    """A clock that advances by a random step at each call."""

    def __init__(self, chance: random.Random) -> None:
        self.now = START
        self._chance = chance

    def __call__(self) -> int:
        self.now += self._chance.randrange(STEP_MS)
        return self.now


def lines(chance: random.Random) -> Iterator[bytes]:
    """Yields events of every type, late, repeated and invalid ones, clock lines, and two changes of definitions."""
    clock = SimulatedClock(chance)
    yield other_line("definitions.applied", at=START, definitions=BEFORE)
    for number, (_, _, value) in enumerate(messages(EVENTS, chance, clock)):
        yield value
        if number % CLOCK_EVERY == CLOCK_EVERY - 1:
            yield other_line("clock.advanced", at=clock.now)
        if number == EVENTS // 3:
            yield other_line("definitions.applied", at=clock.now, definitions=AFTER)
        if number == 2 * EVENTS // 3:  # without `at`: from the last clock value on
            yield other_line("definitions.applied", definitions=LAST)


def other_line(type_: str, at: int | None = None, **fields: Any) -> bytes:
    """Encodes a line that is not an event."""
    when = {} if at is None else {"at": instant_text(at)}
    return msgspec.json.encode({"type": type_, **when, **fields})


def per_contact(outputs: list[dict[str, Any]]) -> _OutputsByKey:
    """Returns contact -> its outputs in order, without the fields that may differ."""
    outputs_by_contact: _OutputsByKey = defaultdict(list)
    for output in sorted(outputs, key=lambda each: (each["number"]["offset"], each["number"]["ordinal"])):
        outputs_by_contact[output["contact"]].append(
            {k: v for k, v in output.items() if k not in {"number", "emitted_at"}}
        )
    return outputs_by_contact


def refusals(errors: str) -> Counter[str]:
    """Counts the dead-letter codes that the replay reports for lines of the file."""
    return Counter(re.findall(r"^\S+events\.jsonl:\d+: ([a-z_]+): ", errors, re.MULTILINE))


def test_a_file_with_everything_published_in_order_gives_what_its_replay_gives(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(lines(random.Random(17))) + b"\n")
    replayed = leadstream("replay", str(file))
    assert replayed.returncode == DataError.exit_code, replayed.stderr  # some lines are no events
    expected = per_contact([msgspec.json.decode(line) for line in replayed.stdout.splitlines()])

    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=3, in_partitions=2) as deployment:
        deployment.start_worker()
        published = leadstream("publish", "--ordered", "--json", str(file), env=deployment.environment)
        assert published.returncode == DataError.exit_code, published.stderr
        deployment.wait_until_settled()
        outputs, stamps = read_outputs(deployment)
        letters = [record for partition in deployment.read_records("dead-letters").values() for record in partition]
    published_outputs = per_contact(outputs)

    types = Counter(output["type"] for each in expected.values() for output in each)
    assert min(types[name] for name in ("segment.exited", "lead.points_changed", "lead.handed_over")) > 20, types
    causes = {output["cause"]["kind"] for each in expected.values() for output in each}
    assert causes >= {"clock", "event", "command", "definition", "automation", "audience", "cascade"}
    assert any(output["cause"].get("late") for each in expected.values() for output in each)
    assert all(stamps)

    assert published_outputs.keys() == expected.keys()
    for contact, outputs_expected in expected.items():
        assert published_outputs[contact] == outputs_expected, contact
    codes = Counter(dict(record.headers)["error-code"].decode() for record in letters)
    assert codes == refusals(replayed.stderr)
    assert len(codes) > 6
    assert f"{codes.total() + msgspec.json.decode(published.stdout)['refused']} refused" in replayed.stderr


def read_outputs(deployment: Pipeline) -> tuple[list[dict[str, Any]], list[bool]]:
    """Returns every output event, and for each whether it has `emitted_at`."""
    outputs = [
        msgspec.json.decode(record.value)
        for topic in EVENT_TOPICS
        for partition in deployment.read_records(topic).values()
        for record in partition
    ]
    return outputs, ["emitted_at" in output for output in outputs]
