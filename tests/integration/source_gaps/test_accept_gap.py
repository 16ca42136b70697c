"""A stretch of an in-topic is gone before it was read: the worker says so and waits, the operator accepts it."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

from schemas.topics import CRM_OPPORTUNITIES, WEB_VISITS
from schemas.values import instant_text
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.kafka.journal_truncation import truncate_topic

DEFINITIONS = """
segments:
  - {id: keen, dynamic: true, when: {visit: {}, count: {gte: 2}}}
  - {id: berlin, dynamic: true, when: {property: city, eq: Berlin}}
campaigns: [{id: spring}]
"""


def now() -> str:
    return instant_text(time.time_ns() // 1_000_000)


def visit(name: str, contact: str = "ada") -> dict[str, Any]:
    return {"id": name, "type": "web.visited", "at": now(), "contact": contact, "url": "/"}


def opportunity(name: str, stage: str, **fields: Any) -> dict[str, Any]:
    row = {"id": name, "type": "opportunity.changed", "at": now(), "opportunity": name, "stage": stage}
    return {**row, "modified": now(), "campaign": "spring", "amount": "10", "currency": "EUR", **fields}


def log_entries(place: Pipeline, event: str) -> list[dict[str, Any]]:
    lines = (place.folder / "w0.log").read_text(errors="replace").splitlines()
    return [entry for line in lines if line.startswith("{") and (entry := json.loads(line)).get("event") == event]


def stop_worker(place: Pipeline) -> None:
    worker = place.workers.pop("w0")
    worker.send_signal(signal.SIGTERM)
    worker.wait(LIMIT_SECONDS)


def members(place: Pipeline) -> set[str]:
    return set(place.read_table("segment-members"))


def test_a_gap_stops_its_partition_alone_until_it_is_accepted(kafka: str, prefix: str, tmp_path: Path) -> None:
    with Pipeline(kafka, prefix, tmp_path, partitions=1, in_partitions=1) as place:
        place.start_worker(role="all")
        place.apply(DEFINITIONS, "--wait")
        place.publish([visit("v1"), opportunity("o1", "Open")])
        place.wait_until_settled()
        assert leadstream("topics", "accept-gap", "--yes", env=place.environment).stdout.startswith("nothing is gone")
        stop_worker(place)

        place.publish([visit("v2"), visit("v3"), opportunity("o2", "Open"), opportunity("o3", "Open")])
        truncate_topic(place.settings, WEB_VISITS.name, 3)
        truncate_topic(place.settings, CRM_OPPORTUNITIES.name, 2)
        place.start_worker(role="all")
        wait_until(lambda: len(log_entries(place, "partition stopped")) == 2, LIMIT_SECONDS, "no partition stopped")
        stopped = log_entries(place, "partition stopped")
        assert {entry["do"] for entry in stopped} == {
            "`leadstream topics accept-gap web-visits:0` lets it read on without what is gone",
            "`leadstream topics accept-gap crm-opportunities:0` lets it read on without what is gone",
        }
        assert any("position 1 is outside the log, which holds 3 to 3" in entry["why"] for entry in stopped)

        place.publish(
            [{"id": "c1", "type": "contact.changed", "at": now(), "contact": "ben", "properties": {"city": "Berlin"}}]
        )
        wait_until(lambda: "default/berlin/ben" in members(place), LIMIT_SECONDS, "the other topics do not go on")

        unanswered = leadstream("topics", "accept-gap", "web-visits:0", env=place.environment)
        assert unanswered.returncode == 1
        assert "web-visits:0: offsets 1 to 2 are gone, which arrived after 20" in unanswered.stdout
        assert leadstream("topics", "accept-gap", "--json", env=place.environment).returncode == 64
        assert leadstream("topics", "accept-gap", "journal:0", "--yes", env=place.environment).returncode == 64
        assert leadstream("topics", "accept-gap", "scoring-events:0", "--yes", env=place.environment).returncode == 64
        assert log_entries(place, "gap accepted") == []

        done = place.run_command("topics", "accept-gap", "web-visits:0", "--yes", "--reason", "a disk was lost")
        assert done.stdout.endswith("1 gap accepted\n")
        wait_until(lambda: len(log_entries(place, "gap accepted")) == 1, LIMIT_SECONDS, "the worker reads not on")
        both = json.loads(place.run_command("topics", "accept-gap", "--yes", "--json").stdout)["accepted"]
        assert [(gap["topic"], gap["start"], gap["end"]) for gap in both] == [("crm-opportunities", 1, 2)]
        place.publish([visit("v4"), opportunity("o3", "Won", closed=True, won=True)])
        wait_until(lambda: "default/keen/ada" in members(place), LIMIT_SECONDS, "what is left is not read")
        wait_until(
            lambda: (
                place.read_table("campaign-revenue").get("default/spring/EUR", {}).get("won", {}).get("count") == 1
            ),
            LIMIT_SECONDS,
            "the ledger does not go on",
        )
        place.wait_until_settled()
        assert len(log_entries(place, "restarting")) == 0
        before = len(log_entries(place, "partition stopped"))

        stop_worker(place)
        place.start_worker(role="all")
        place.publish([visit("w1", "cleo"), visit("w2", "cleo")])
        wait_until(lambda: "default/keen/cleo" in members(place), LIMIT_SECONDS, "it does not go on after a restart")
        assert len(log_entries(place, "partition stopped")) == before
        place.wait_until_settled()

        report = json.loads(place.run_command("verify", "--json").stdout)
        assert report["equal"]
        assert [(gap["topic"], gap["reason"]) for gap in report["gaps"]] == [
            ("web-visits", "a disk was lost"),
            ("crm-opportunities", ""),
        ]
        assert "accepted as gone: web-visits:0: offsets 1 to 2" in place.run_command("verify").stdout
        assert "may be among what is gone of web-visits:0" in place.run_command("explain", "ada", "keen").stdout
        history = json.loads(place.run_command("topics", "accept-gap", "--history", "--json").stdout)["gaps"]
        assert history == report["gaps"]
        assert "a disk was lost" in place.run_command("topics", "accept-gap", "web-visits:0", "--history").stdout


def test_a_gap_that_grew_before_the_worker_came_back_is_accepted_in_parts(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=1, in_partitions=1) as place:
        place.start_worker()
        place.apply(DEFINITIONS, "--wait")
        place.publish([visit("v1")])
        place.wait_until_settled()
        stop_worker(place)
        place.publish([visit(f"v{number}") for number in range(2, 8)])
        for beginning in (3, 5):
            truncate_topic(place.settings, WEB_VISITS.name, beginning)
            place.run_command("topics", "accept-gap", "--yes")
        place.start_worker()
        place.wait_until_settled()
        [entry] = log_entries(place, "gap accepted")
        assert (entry["before"], entry["position"]) == (1, 5)
        assert log_entries(place, "partition stopped") == []
        assert "default/keen/ada" in members(place)
