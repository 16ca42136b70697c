"""`leadstream publish --format csv` on a deployment: loads, a dry run, and contact ids in one form."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from streams.errors import TopicsMismatch
from streams.kafka.deployment import read_deployment
from streams.kafka.topic_admin import create_topics, require_topics
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline

DEFINITIONS = """
segments:
  - {id: german, dynamic: true, when: {property: country, eq: DE}}
"""
CSV = ("publish", "--format", "csv", "--map", "Customer=contact", "--map", "Land=country")
AT = ("--at", "2026-03-01T09:00:00Z")


def test_of_the_loads_a_b_a_the_last_holds_and_every_spelling_of_an_id_is_one_contact(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("sep=;\nCustomer;Land\nAda@Example.com;DE\n;\n")
    second.write_text("Customer,Land\n ada@example.COM ,FR\n")
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=2, normalize_ids=True) as pipeline:
        pipeline.start_worker()
        pipeline.apply(DEFINITIONS, "--wait")
        for load, file in (("1", first), ("2", second), ("3", first), ("1", first)):
            published = pipeline.run_command(*CSV, *AT, "--load", load, str(file))
            assert published.stdout == "1 event published\n"
        visit = {"id": "v", "type": "web.visited", "contact": "ADA@example.com", "url": "https://www.example.com/"}
        pipeline.publish([{**visit, "at": "2026-03-01T10:00:00Z"}])
        pipeline.wait_until_settled()

        assert list(pipeline.read_table("contacts")) == ["default/ada@example.com"]
        assert list(pipeline.read_table("segment-members")) == ["default/german/ada@example.com"]
        changes = [
            json.loads(record.value or b"")
            for records in pipeline.read_records("segment-changes").values()
            for record in records
        ]
        assert [change["type"] for change in changes] == ["segment.entered", "segment.exited", "segment.entered"]
        answer = json.loads(pipeline.run_command("explain", " Ada@EXAMPLE.com", "german", "--json").stdout)
        assert answer["contact"] == "ada@example.com"
        assert "equals batch" in pipeline.run_command("verify").stdout
        # The journal holds the normal id, and the topics the setting.
        replays = [
            leadstream("replay", "--journal", env={**pipeline.environment, "LEADSTREAM_NORMALIZE_IDS": setting})
            for setting in ("true", "")
        ]
        assert [replay.returncode for replay in replays] == [0, 0]
        assert replays[0].stdout == replays[1].stdout
        assert replays[0].stdout.count("segment.entered") == 2


def test_a_file_is_replayed_with_the_setting_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    changed = {"id": "1", "type": "contact.changed", "at": "2026-03-01T09:00:00Z", "properties": {"country": "DE"}}
    file.write_text("".join(json.dumps({**changed, "contact": each}) + "\n" for each in ("Ada", " ada")))
    definitions = tmp_path / "definitions.yaml"
    definitions.write_text(DEFINITIONS)
    contacts = {
        setting: [
            json.loads(line)["contact"]
            for line in leadstream(
                *("replay", "--definitions", str(definitions), str(file)), env={"LEADSTREAM_NORMALIZE_IDS": setting}
            ).stdout.splitlines()
        ]
        for setting in ("true", "false")
    }
    assert contacts == {"true": ["ada"], "false": ["Ada", " ada"]}


async def test_the_form_of_ids_is_fixed_when_the_topics_are_created(kafka: str, prefix: str) -> None:
    def settings(**options: Any) -> Settings:
        return Settings(bootstrap=kafka, prefix=prefix, partitions=1, in_partitions=1, **options)

    await create_topics(settings(normalize_ids=True))
    deployment = await read_deployment(settings())
    assert deployment is not None
    assert deployment.normalize_ids
    assert await require_topics(settings(normalize_ids=True)) == deployment
    with pytest.raises(
        TopicsMismatch,
        match="with normalize_ids=true and is asked for normalize_ids=false; set LEADSTREAM_NORMALIZE_IDS=true",
    ):
        await require_topics(settings())


def test_the_commands_for_topics_show_the_form_of_ids(kafka: str, prefix: str) -> None:
    environment = {"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix}
    options = ("--partitions", "1", "--in-partitions", "1", "--normalize-ids")
    assert leadstream("topics", "create", *options, env=environment).returncode == 0
    checked = leadstream("topics", "check", "--partitions", "1", "--normalize-ids", "--json", env=environment)
    assert json.loads(checked.stdout)["deployment"]["normalize_ids"] is True
    other = leadstream("topics", "check", "--partitions", "1", env=environment)
    assert (other.returncode, "LEADSTREAM_NORMALIZE_IDS=true" in other.stderr) == (78, True)


def test_a_dry_run_sends_nothing_and_needs_no_second_reading(kafka: str, prefix: str, tmp_path: Path) -> None:
    asyncio.run(create_topics(Settings(bootstrap=kafka, prefix=prefix, partitions=1, in_partitions=1)))
    environment = {"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix}
    file = tmp_path / "people.csv"
    file.write_text("Customer,Land,Size\nada,DE,1.234\nbob,FR,5\n")
    sized = (*CSV, *AT, "--map", "Size=size:number", "--load", "1")
    tried = leadstream(*sized, "--dry-run", "--json", str(file), env=environment)
    report = json.loads(tried.stdout)
    assert (tried.returncode, report["would_publish"], report["refused"]) == (65, 1, 1)
    assert [event["contact"] for event in report["first_events"]] == ["bob"]
    assert "--decimal ','" in report["refused_lines"][0]["reason"]
    sent = leadstream(*sized, "--json", str(file), env=environment)
    assert json.loads(sent.stdout)["published"] == 1
    # The advice, followed: what was sent is not repeated under another id.
    mended = leadstream(*sized, "--decimal", ",", "--dry-run", "--json", str(file), env=environment)
    events = json.loads(mended.stdout)["first_events"]
    assert [event["id"] for event in events if event["contact"] == "bob"] == [report["first_events"][0]["id"]]
    assert [event["properties"]["size"] for event in events] == [1234, 5]


def test_a_cell_null_is_sent_as_text_with_a_warning_until_the_advice_is_followed(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    asyncio.run(create_topics(Settings(bootstrap=kafka, prefix=prefix, partitions=1, in_partitions=1)))
    environment = {"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix}
    file = tmp_path / "people.csv"
    file.write_text("Customer,Land\nada,NULL\nbob,FR\ncem,null\n")
    warning = "Land: 'NULL', 'null' is published as text; --null NULL --null null says that it is no value"
    for count, options in (("would_publish", ("--dry-run",)), ("published", ())):
        result = leadstream(*CSV, *AT, *options, "--json", str(file), env=environment)
        report = json.loads(result.stdout)
        assert (result.returncode, report[count], report["refused"]) == (0, 3, 0)
        assert report["warnings"] == [{"where": f"{file}:2", "message": warning, "lines": 2}]
        spoken = leadstream(*CSV, *AT, *options, str(file), env=environment)
        assert f"warning: {file}:2: {warning} (2 such rows)\n" in spoken.stderr
    advised = ("--null", "NULL", "--null", "null", "--dry-run", "--json")
    mended = json.loads(leadstream(*CSV, *AT, *advised, str(file), env=environment).stdout)
    assert mended["warnings"] == []
    assert [event["properties"]["country"] for event in mended["first_events"]] == [None, "FR", None]


@pytest.mark.parametrize(
    ("pair", "code", "message"),
    [
        ("City=City", 64, "there is no property City; did you mean --map City=city? --map City=City:text makes"),
        ("City=town", 0, "warning: account 'default' declares no town; published as text"),
        ("City=city", 0, ""),
    ],
)
def test_a_property_is_made_by_nobody_s_slip(
    kafka: str, prefix: str, tmp_path: Path, *, pair: str, code: int, message: str
) -> None:
    asyncio.run(create_topics(Settings(bootstrap=kafka, prefix=prefix, partitions=1, in_partitions=1)))
    file = tmp_path / "people.csv"
    file.write_text("Customer,City\nada,Ulm\n")
    arguments = ("publish", "--format", "csv", "--map", "Customer=contact", "--map", pair, "--dry-run", str(file))
    result = leadstream(*arguments, env={"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix})
    assert result.returncode == code
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == bool(message)
