"""What decides is recorded with the deployment: whoever is set otherwise says so."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aiokafka import AIOKafkaProducer

from streams.kafka.deployment import DECISIONS_KEY, DeploymentRecord, read_deployment, read_deployment_id
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.engine.engine_driver import HOUR

SEGMENTS = "segments: [{id: began-on-a, dynamic: true, when: {visit: {}, first: {path: {eq: /a}}}}]\n"
# The late visit to /a is the first one only where events may be a day late, as they may by default.
VISITS = [
    {
        "type": "web.visited",
        "contact": "ann",
        "id": "1",
        "at": "2026-03-01T12:00:00Z",
        "url": "https://example.com/b",
    },
    {
        "type": "web.visited",
        "contact": "ann",
        "id": "2",
        "at": "2026-03-01T09:00:00Z",
        "url": "https://example.com/a",
    },
]
READERS = (
    ("verify", "--json"),
    ("replay", "--journal"),
    ("explain", "ann", "began-on-a"),
    ("explain", "ann", "began-on-a", "--journal"),
    ("search", "{segment: began-on-a}"),
    ("definitions", "plan", "FILE"),
)


def place_of(pipeline: Pipeline) -> dict[str, str]:
    """Where the deployment is, and nothing of what decides."""
    return {name: pipeline.environment[name] for name in ("LEADSTREAM_BOOTSTRAP", "LEADSTREAM_PREFIX")}


def decide_visits(pipeline: Pipeline) -> None:
    pipeline.apply(SEGMENTS)
    pipeline.start_worker()
    pipeline.publish(VISITS, "--ordered")
    pipeline.wait_until_settled()


def read_record(pipeline: Pipeline) -> DeploymentRecord:
    record = asyncio.run(read_deployment(pipeline.settings))
    assert record is not None
    return record


def forget_decisions(settings: Settings) -> None:
    """Makes the deployment one of an earlier engine, which recorded clock and slots only."""

    async def write_tombstone() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap)
        await producer.start()
        await producer.send_and_wait(settings.prefix + "deployment", None, DECISIONS_KEY)
        await producer.stop()

    asyncio.run(write_tombstone())


def refusal(*arguments: str, env: dict[str, str]) -> str:
    """The last line of a command that is refused for how it is set, and writes nothing else."""
    run = leadstream(*arguments, env=env)
    assert (run.returncode, run.stdout) == (78, ""), (run.stdout, run.stderr)
    return run.stderr.splitlines()[-1]


def test_workers_and_readers_decide_by_the_record(kafka: str, prefix: str, tmp_path: Path) -> None:
    options = {"lateness_ms": HOUR, "repeat_ids": 20, "grace_ms": 700}
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=1, in_partitions=1, **options) as pipeline:
        for name, value in {"lateness_ms": 2 * HOUR, "repeat_ids": 256, "repeat_ms": 5, "grace_ms": 1_000}.items():
            variable, recorded = f"LEADSTREAM_{name.upper()}", getattr(pipeline.settings, name)
            said = f"created with {name}={recorded} and is asked for {name}={value}; set {variable}={recorded}"
            otherwise = {**pipeline.environment, variable: str(value)}
            assert said in json.loads(refusal("worker", env=otherwise))["problem"]
            assert said in leadstream("topics", "create", env=otherwise).stderr

        decide_visits(pipeline)
        place = place_of(pipeline)
        for command in READERS:
            arguments = [str(tmp_path / "definitions.yaml") if part == "FILE" else part for part in command]
            by_the_record = leadstream(*arguments, env=place)
            assert by_the_record.returncode == 0, by_the_record.stderr
            assert "created with lateness_ms=3600000 and is asked for lateness_ms=86400000" in refusal(
                *arguments, env={**place, "LEADSTREAM_LATENESS_MS": "86400000"}
            )
        assert json.loads(leadstream("verify", "--json", env=place).stdout)["equal"]
        assert leadstream("replay", "--journal", env=place).stdout == ""
        past = leadstream("explain", "ann", "began-on-a", "--journal", "--json", env=place)
        assert json.loads(past.stdout)["member"] is False


def test_a_deployment_of_an_earlier_engine_goes_on_and_its_first_worker_records_what_decides(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    with Pipeline(
        kafka, prefix, tmp_path, clock="events", partitions=1, in_partitions=1, lateness_ms=HOUR
    ) as pipeline:
        forget_decisions(pipeline.settings)
        before, id_before = read_record(pipeline), asyncio.run(read_deployment_id(pipeline.settings))
        assert before.decisions == {}
        # Nothing is refused that an earlier engine took, and no command records anything.
        otherwise = {**pipeline.environment, "LEADSTREAM_REPEAT_IDS": "20"}
        for command in (("topics", "create"), ("topics", "check"), ("replay", "--journal")):
            run = leadstream(*command, env=otherwise)
            assert run.returncode == 0, run.stderr
        assert read_record(pipeline) == before

        decide_visits(pipeline)
        assert read_record(pipeline) == DeploymentRecord.from_settings(pipeline.settings)
        # Contacts on disk belong to a deployment: it is still the same.
        assert asyncio.run(read_deployment_id(pipeline.settings)) == id_before
        assert (
            "created with repeat_ids=256 and is asked for repeat_ids=20"
            in json.loads(refusal("worker", env=otherwise))["problem"]
        )
        assert json.loads(leadstream("verify", "--json", env=place_of(pipeline)).stdout)["equal"]
        assert pipeline.read_table("segment-members") == {}
