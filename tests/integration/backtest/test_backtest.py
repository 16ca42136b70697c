"""`leadstream backtest` of a changed campaign on the demo's history equals the replay of that history under it."""

from __future__ import annotations

import copy
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.values import instant_text
from streams.demo.environment import sample_document
from streams.demo.traffic import DAY, HOUR, TrafficSettings, generate_traffic
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.journal_truncation import truncate_journal

MARKET = TrafficSettings(contacts=60, days=9, tick=8 * HOUR, seed=3)

OutputsByContact = dict[str, list[dict[str, Any]]]


def changed_document() -> dict[str, Any]:
    """The sample, whose trial campaign takes more in and qualifies later."""
    document = copy.deepcopy(sample_document())
    by_name = {segment["id"]: segment for segment in document["segments"]}
    by_name["pricing-interest"]["when"]["count"] = {"gte": 1}
    [trial] = [campaign for campaign in document["campaigns"] if campaign["id"] == "spring-trial"]
    for rule in trial["automation"]:
        if "points" in rule["when"]:
            rule["when"]["points"] = {"gte": rule["when"]["points"]["gte"] + 40}
    return document


@pytest.fixture(scope="module")
def place(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The demo's history in a deployment, with an opportunity of the first lead that was handed over."""
    folder = tmp_path_factory.mktemp("history")
    with Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=3, in_partitions=2) as pipeline:
        pipeline.start_worker(role="all")
        pipeline.apply(json.dumps(sample_document()), "--wait")
        pipeline.publish(list(generate_traffic(MARKET)), "--ordered")
        pipeline.wait_until_settled()
        hand_overs = [
            msgspec.json.decode(record.value)
            for partition in pipeline.read_records("qualified-leads").values()
            for record in partition
        ]
        first = min(hand_overs, key=lambda each: (each["at"], each["contact"]))
        row = {"id": "o-1", "type": "opportunity.changed", "at": first["at"], "opportunity": "006A"}
        row |= {"modified": first["at"], "campaign": first["campaign"]["id"], "contact": first["contact"]}
        pipeline.publish([{**row, "closed": True, "won": True, "amount": "4200.50", "currency": "EUR"}])
        pipeline.wait_until_settled()
        yield pipeline


def write_definitions(folder: Path, document: dict[str, Any]) -> str:
    path = folder / "new.yaml"
    path.write_text(json.dumps(document))
    return str(path)


def events_of(text: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in text.splitlines()]


def by_contact(outputs: list[dict[str, Any]]) -> OutputsByContact:
    grouped: OutputsByContact = defaultdict(list)
    for each in outputs:
        grouped[each["contact"]].append({name: value for name, value in each.items() if name != "number"})
    return grouped


def test_it_equals_the_replay_of_the_history(place: Pipeline, tmp_path: Path) -> None:
    definitions, file, written = write_definitions(tmp_path, changed_document()), tmp_path / "e.jsonl", tmp_path / "o"
    file.write_bytes(b"\n".join(msgspec.json.encode(event) for event in generate_traffic(MARKET)))
    replayed = leadstream("replay", "--definitions", definitions, str(file))
    assert replayed.returncode == 0, replayed.stderr
    expected = events_of(replayed.stdout)
    answer = place.run_command("backtest", "--definitions", definitions, "--outputs", str(written), "--json")
    assert by_contact(events_of(written.read_text())) == by_contact(expected)

    [account] = json.loads(answer.stdout)
    entered = Counter(each["segment"] for each in expected if each["type"] == "segment.entered")
    left = Counter(each["segment"] for each in expected if each["type"] == "segment.exited")
    assert {each["segment"]: each["backtest"] for each in account["segments"]} == {
        each["segment"]: {"entered": entered[each["segment"]], "left": left[each["segment"]]}
        for each in account["segments"]
    }
    assert entered.keys() <= {each["segment"] for each in account["segments"]}
    [trial] = [each for each in account["campaigns"] if each["campaign"] == "spring-trial"]
    changes = [
        each for each in expected if each["type"] == "lead.status_changed" and each["campaign"] == "spring-trial"
    ]
    qualified = {each["contact"] for each in changes if each["to"] == "qualified"}
    handed_over = {
        each["contact"]
        for each in expected
        if each["type"] == "lead.handed_over" and each["campaign"]["id"] == "spring-trial"
    }
    assert trial["backtest"]["qualified"] == len(qualified)
    assert trial["backtest"]["handed_over"] == len(handed_over)
    assert trial["backtest"]["leads_made"] == sum(each["from"] is None for each in changes)
    assert trial["backtest"]["leads_made"] > trial["happened"]["leads_made"] > 0
    assert trial["backtest"]["handed_over"] < trial["happened"]["handed_over"]


def test_the_side_of_what_happened_is_what_workers_wrote(place: Pipeline, tmp_path: Path) -> None:
    definitions = write_definitions(tmp_path, sample_document())
    [account] = json.loads(place.run_command("backtest", "--definitions", definitions, "--json").stdout)
    written = Counter(
        (value["type"], value["segment"])
        for partition in place.read_records("segment-changes").values()
        for record in partition
        for value in [msgspec.json.decode(record.value)]
    )
    assert {each["segment"]: each["happened"] for each in account["segments"]} == {
        each["segment"]: {
            "entered": written["segment.entered", each["segment"]],
            "left": written["segment.exited", each["segment"]],
        }
        for each in account["segments"]
    }
    for each in (*account["segments"], *account["campaigns"]):
        assert each["happened"] == each["backtest"], "the same definitions do the same"
    groups = [each["handed_over"] for each in account["campaigns"]]
    assert all(group["no_more"]["count"] == group["added"]["count"] == 0 for group in groups)
    won = [row["won"] for group in groups for row in group["both"]["worth"]]
    assert won == [{"count": 1, "amount": "4200.5"}]


def test_since_an_instant_the_past_stays_as_it_was(place: Pipeline, tmp_path: Path) -> None:
    definitions = write_definitions(tmp_path, changed_document())
    since = instant_text(MARKET.begin + 5 * DAY)
    written = tmp_path / "outputs"
    answer = place.run_command(
        "backtest", "--definitions", definitions, "--since", since, "--outputs", str(written), "--json"
    )
    [account] = json.loads(answer.stdout)
    assert account["since"] == since
    outputs = events_of(written.read_text())
    assert {each["at"] >= since for each in outputs} == {True}
    assert "definition" in {each["cause"]["kind"] for each in outputs}
    whole = json.loads(place.run_command("backtest", "--definitions", definitions, "--json").stdout)[0]
    whole_counts = {each["campaign"]: each["happened"]["handed_over"] for each in whole["campaigns"]}
    parts = {each["campaign"]: each["happened"]["handed_over"] for each in account["campaigns"]}
    assert all(count <= whole_counts[name] for name, count in parts.items())
    assert sum(parts.values()) < sum(whole_counts.values())
    text = place.run_command("backtest", "--definitions", definitions, "--since", since)
    assert "█" in text.stdout
    assert "hand-overs from 2026-03-" in text.stdout
    assert "scanning the whole journal" in text.stderr


def test_what_cannot_be_asked_is_said_in_one_line(place: Pipeline, tmp_path: Path) -> None:
    definitions = write_definitions(tmp_path, changed_document())
    late = leadstream(
        "backtest", "--definitions", definitions, "--since", "2030-01-01T00:00:00Z", env=place.environment
    )
    assert (late.returncode, "the history ends before" in late.stderr) == (64, True)
    strange = write_definitions(tmp_path, {**changed_document(), "account": "acme"})
    stranger = leadstream("backtest", "--definitions", strange, env=place.environment)
    assert (stranger.returncode, "account 'acme'" in stranger.stderr) == (64, True)
    broken = write_definitions(tmp_path, {"segments": [{"id": "x", "dynamic": True, "when": {"segment": "y"}}]})
    assert leadstream("backtest", "--definitions", broken, env=place.environment).returncode == 1
    nowhere = leadstream(
        "backtest", "--definitions", write_definitions(tmp_path, changed_document()),
        "--outputs", str(tmp_path / "no" / "folder"), env=place.environment,
    )  # fmt: skip
    assert (nowhere.returncode, nowhere.stderr.count("Traceback")) == (65, 0)


def test_a_journal_without_its_beginning_is_refused(kafka: str, tmp_path: Path) -> None:
    with Pipeline(kafka, fresh_prefix(), tmp_path, clock="events", partitions=1) as pipeline:
        pipeline.start_worker()
        pipeline.apply("segments: [{id: vip}]", "--wait")
        pipeline.publish([{"id": "1", "type": "web.visited", "at": instant_text(MARKET.begin), "contact": "ada"}])
        pipeline.wait_until_settled()
        truncate_journal(pipeline.settings, 1)
        definitions = write_definitions(tmp_path, {"segments": [{"id": "vip"}]})
        refused = leadstream("backtest", "--definitions", definitions, env=pipeline.environment)
        assert refused.returncode == 78
        assert "backtest needs a journal that is kept for ever" in refused.stderr
