"""Worker processes on a real Kafka: groups, names, take-overs, time and releases."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.topics import CLOCK, DEFINITIONS, SCORING_EVENTS, SEGMENT_CHANGES, WEB_VISITS
from schemas.values import instant_text
from streams.engine.journal import records
from streams.runtime.checkpoint import CHECKPOINT_KEY
from tests.harness.deployment.counting_deployment import CountingDeployment, counting_deployment, wait_until
from tests.harness.deployment.workers import WorkerFleet
from tests.harness.kafka.topic_reader import end_offsets, read_topic
from tests.programs.chaos.crashes import CRASH_FILE

VISITS, SCORES = WEB_VISITS.name, SCORING_EVENTS.name


def event(number: int, contact: str = "c1", at: int = 1_000) -> bytes:
    """Encodes an event."""
    return msgspec.json.encode({"id": str(number), "contact": contact, "amount": number, "at": at})


async def send_some(deployment: CountingDeployment, count: int, at: int = 1_000) -> None:
    """Sends events of ten contacts to both in-topics."""
    for number in range(count):
        contact = f"c{number % 10}"
        await deployment.send((VISITS, SCORES)[number % 2], contact.encode(), event(number, contact, at))


async def test_a_planned_stop_hands_the_slots_over_at_once(kafka: str, prefix: str, tmp_path: Path) -> None:
    session = 120.0  # after this time the group notices a lost member; a planned stop needs less than half of it
    async with counting_deployment(kafka, prefix, tmp_path, session_ms=int(session * 1000)) as deployment:
        await deployment.start_workers("w0", "w1")
        await wait_until(lambda: _own(deployment.fleet, [0], [1]), "each owns a slot")
        began = time.monotonic()
        assert deployment.fleet.remove("w1") == 0
        await wait_until(lambda: _own(deployment.fleet, [0, 1]), "w0 owns everything", session)
        assert time.monotonic() - began < session / 2


async def _own(fleet: WorkerFleet, *slots: list[int]) -> bool:
    """Whether the workers own these groups of slots, in any order."""
    owned = [
        [entry["slots"] for entry in worker.log_entries() if entry.get("event") == "working"][-1:]
        for worker in fleet.workers.values()
    ]
    return sorted(last for each in owned for last in each) == sorted(slots)


async def test_a_worker_without_slots_logs_it(kafka: str, prefix: str, tmp_path: Path) -> None:
    async with counting_deployment(kafka, prefix, tmp_path, partitions=1) as deployment:
        await deployment.start_workers("w0")
        deployment.fleet.start("w1")
        await wait_until(lambda: _any_logged(deployment.fleet, "owns nothing"), "a worker owns nothing")


async def _any_logged(fleet: WorkerFleet, event: str) -> bool:
    return any(worker.count_logged(event) for worker in fleet.workers.values())


async def test_a_worker_that_has_owned_nothing_for_long_takes_over(kafka: str, prefix: str, tmp_path: Path) -> None:
    interval = 2.0  # aiokafka takes a consumer that has not fetched for that long for stuck; by default 1,000 s
    settings = [("BROKER_MAX_POLL_INTERVAL", str(interval))]
    async with counting_deployment(kafka, prefix, tmp_path, settings, partitions=1) as deployment:
        await deployment.start_workers("w0", "w1")
        await wait_until(lambda: _own(deployment.fleet, [0], []), "one owns the slot")
        owner, standby = ("w0", "w1") if await _owns(deployment.fleet, "w0") else ("w1", "w0")
        since = time.monotonic()
        await wait_until(lambda: _has_passed(since, 4 * interval), "the interval is over")
        assert deployment.fleet.remove(owner) == 0
        await wait_until(lambda: _owns(deployment.fleet, standby), "the other one owns the slot", 60)


async def _owns(fleet: WorkerFleet, name: str) -> bool:
    entries = [entry["slots"] for entry in fleet.workers[name].log_entries() if entry.get("event") == "working"]
    return entries[-1:] == [[0]]


async def _has_passed(since: float, seconds: float) -> bool:
    return time.monotonic() - since > seconds


async def test_of_two_workers_with_one_name_one_exits_with_a_code_that_prevents_a_restart(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "another-machine"
    elsewhere.mkdir()
    async with counting_deployment(kafka, prefix, tmp_path) as deployment:
        await deployment.start_workers("w0")
        other_fleet = WorkerFleet(elsewhere, {**deployment.fleet.environment, "LEADSTREAM_DATA_DIR": str(elsewhere)})
        try:
            other_fleet.start("w0")
            fleets = [deployment.fleet, other_fleet]
            await wait_until(lambda: _one_ended(fleets), "one of the two ends for good")
            codes = [fleet.workers["w0"].process.poll() for fleet in fleets]
            assert sorted(codes, key=str) == [79, None]
            entries = [
                entry
                for fleet in fleets
                for entry in fleet.workers["w0"].log_entries()
                if entry.get("exit_code") == 79
            ]
            assert any("another worker is named w0" in str(entry.get("cause")) for entry in entries)
        finally:
            other_fleet.stop()


async def _one_ended(fleets: list[WorkerFleet]) -> bool:
    return any(fleet.workers["w0"].process.poll() is not None for fleet in fleets)


async def test_a_worker_that_started_again_and_is_fenced_is_not_taken_for_another_one_of_its_name(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with counting_deployment(kafka, prefix, tmp_path, partitions=1) as deployment:
        await deployment.start_workers("w0")
        worker = deployment.fleet.workers["w0"]
        assert worker.signal_child(signal.SIGKILL)
        await deployment.wait_for_log("w0", "working", times=2)
        await _fence(deployment, slot=0)
        await send_some(deployment, 10)
        await deployment.wait_for_log("w0", "ended")
        assert [entry["exit_code"] for entry in worker.log_entries() if entry.get("event") == "ended"] == [70]
        await is_journaled(deployment, 10)


async def _fence(deployment: CountingDeployment, slot: int) -> None:
    """Takes a new epoch of a slot's producer, as another owner does."""
    identifier = f"{deployment.spec.app_id(deployment.settings)}-slot-{slot}"
    producer = AIOKafkaProducer(bootstrap_servers=deployment.settings.bootstrap, transactional_id=identifier)
    await producer.start()
    await producer.stop()


async def test_on_the_events_clock_a_tick_waits_until_everything_before_it_is_journaled(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with counting_deployment(kafka, prefix, tmp_path, clock="events") as deployment:
        await send_some(deployment, 100)
        ends = await _ends(deployment)
        advance = {
            "account": "default",
            "at": instant_text(5_000),
            "ends": {**ends, f"{VISITS}:0": ends[f"{VISITS}:0"] + 1},
        }
        await deployment.send(CLOCK.name, b"default", json.dumps(advance).encode())
        await deployment.start_workers("w0")
        await is_journaled(deployment, 100)
        assert not any(isinstance(record, records.Tick) for record in await deployment.journal())
        await deployment.send(VISITS, b"c1", event(100), partition=0)  # the one that the clock waits for
        await wait_until(lambda: _has_ticks(deployment, 2), "a tick in every journal partition")
        await wait_until(lambda: _reminded(deployment, 10), "everybody is reminded")
        deployment.fleet.stop()
        verdict = await deployment.verdict()
        assert verdict.holds, verdict
        ticks = [record for record in await deployment.journal() if isinstance(record, records.Tick)]
        assert ticks == [records.Tick(5_000, "default")] * 2


async def _ends(deployment: CountingDeployment) -> dict[str, int]:
    ends = {}
    for topic in (VISITS, SCORES):
        for number, end in (await end_offsets(deployment.settings.bootstrap, deployment.full_name(topic))).items():
            ends[f"{topic}:{number}"] = end
    return ends


async def is_journaled(deployment: CountingDeployment, count: int) -> None:
    """Waits until the journal holds at least `count` events."""

    async def is_journaled_now() -> bool:
        return sum(isinstance(record, records.JournalEvent) for record in await deployment.journal()) >= count

    await wait_until(is_journaled_now, f"{count} events are journaled")


async def _has_ticks(deployment: CountingDeployment, count: int) -> bool:
    return sum(isinstance(record, records.Tick) for record in await deployment.journal()) >= count


async def _reminded(deployment: CountingDeployment, count: int) -> bool:
    outputs = await deployment.outputs(SEGMENT_CHANGES.name)
    reminders = [record for record in outputs if record.value.startswith(b'["reminded"')]
    return len(reminders) >= count


async def test_a_release_reaches_every_journal_partition_once_and_decides_from_there_on(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with counting_deployment(kafka, prefix, tmp_path) as deployment:
        await deployment.start_workers("w0")
        far = 4_000_000_000_000
        metadata = await deployment.send(DEFINITIONS.name, b"acme", b"%d" % far)
        await wait_until(lambda: _has_markers(deployment, 2), "a marker in every journal partition")
        await deployment.wait_for_log("w0", "working")
        assert deployment.fleet.remove("w0") == 0
        await deployment.start_workers("w1")  # a new owner appends no marker twice
        await deployment.send(DEFINITIONS.name, b"acme", b"1")
        await wait_until(lambda: _has_markers(deployment, 4), "the second release")
        markers = [record for record in await deployment.journal() if isinstance(record, records.Marker)]
        assert sorted(marker.number for marker in markers) == [1, 1, 2, 2]
        first = next(marker for marker in markers if marker.number == 1)
        assert first.at == metadata.timestamp  # on the wall clock not after its arrival
        assert first.offset == metadata.offset


async def _has_markers(deployment: CountingDeployment, count: int) -> bool:
    return sum(isinstance(record, records.Marker) for record in await deployment.journal()) >= count


STEPS = ("sent", "acknowledged", "begun", "committed")


async def test_a_tick_larger_than_a_transaction_is_completed_although_its_workers_die(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    contacts = 9_000  # more than a portion's 4,000 in each of the two slots
    dying = [("CHAOS_DEATHS", " ".join(STEPS))]
    async with counting_deployment(kafka, prefix, tmp_path, clock="events", environment=dying) as deployment:
        for number in range(contacts):
            await deployment.producer.send(
                deployment.full_name(VISITS), event(number, f"c{number}"), key=f"c{number}".encode()
            )
        await deployment.producer.flush()
        await deployment.start_workers("w0")
        await wait_until(lambda: _are_decided(deployment, contacts), "every event is decided")
        deaths = tmp_path / CRASH_FILE
        deaths.touch()
        advance = {"account": "default", "at": instant_text(5_000), "ends": await _ends(deployment)}
        await deployment.send(CLOCK.name, b"default", json.dumps(advance).encode())
        await wait_until(lambda: _reminded(deployment, contacts), "everybody is reminded", seconds=200)
        assert deaths.read_text().split() == list(STEPS)
        assert deployment.fleet.workers["w0"].count_logged("crash") == len(STEPS)
        verdict = await deployment.verdict()
        assert verdict.holds, verdict


async def _are_decided(deployment: CountingDeployment, contacts: int) -> bool:
    rows = await read_topic(deployment.settings.bootstrap, deployment.spec.changelog_topic(deployment.settings))
    keys = {record.key for partition in rows.values() for record in partition}
    return len(keys - {CHECKPOINT_KEY}) >= contacts
