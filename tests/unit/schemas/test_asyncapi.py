"""The committed AsyncAPI document is current, complete and valid under the official schema."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from schemas import asyncapi, generate
from schemas.topics import ALL_TOPICS

OFFICIAL_SCHEMAS = "@asyncapi/specs@6.11.1"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(asyncapi.PATH.read_text())
    return loaded


def references(value: Any) -> set[str]:
    """Every `$ref` in a JSON value."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own.union(*map(references, value.values()))


def resolve(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_the_committed_document_is_current() -> None:
    assert asyncapi.PATH.read_text() == asyncapi.asyncapi_text(), "run `python -m schemas.generate`"


def test_every_topic_that_others_read_or_write_is_a_channel(document: dict[str, Any]) -> None:
    assert set(document["channels"]) == {topic.name for topic in ALL_TOPICS if topic.direction != "internal"}
    actions = {each["channel"]["$ref"].rpartition("/")[2]: each["action"] for each in document["operations"].values()}
    directions = {topic.name: topic.direction for topic in ALL_TOPICS if topic.direction != "internal"}
    assert actions == {name: "receive" if each == "in" else "send" for name, each in directions.items()}


def test_the_description_says_why_internal_topics_are_no_channels(document: dict[str, Any]) -> None:
    sentence = document["info"]["description"].partition("Internal topics ")[2]
    assert "are left out: Leadstream alone reads and writes them" in sentence
    named = set(re.findall(r"`(\S+)`", sentence))
    assert named
    assert named <= {topic.name for topic in ALL_TOPICS if topic.direction == "internal"}


def test_every_type_of_record_is_a_message_of_its_channel(document: dict[str, Any]) -> None:
    for name, channel in document["channels"].items():
        if name == "dead-letters":
            assert "payload" not in channel["messages"]["dead-letters"], "the value is as received"
            continue
        described = json.dumps(generate.json_schema(name))
        assert all(f'"const": "{message}"' in described for message in channel["messages"])
        assert described.count('"const": ') >= len(channel["messages"])


def test_every_reference_leads_to_something(document: dict[str, Any]) -> None:
    found = references(document)
    assert all(resolve(document, reference) for reference in found)
    used = {reference.rpartition("/")[2] for reference in found if reference.startswith("#/components/schemas/")}
    assert used == set(document["components"]["schemas"]), "a schema that nothing uses"


def test_the_document_is_valid_under_the_official_schema(document: dict[str, Any], tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm, which fetches AsyncAPI's own schema, is not installed")
    command = [npm, "pack", "--silent", "--prefer-offline", OFFICIAL_SCHEMAS]
    fetched = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    if fetched.returncode != 0:
        pytest.skip(f"{OFFICIAL_SCHEMAS} cannot be fetched: {fetched.stderr.strip()[:200]}")
    with tarfile.open(tmp_path / fetched.stdout.strip()) as package:
        member = package.extractfile(f"package/schemas/{asyncapi.ASYNCAPI_VERSION}.json")
        assert member is not None
        validator = Draft7Validator(json.load(member))
    assert [error.message for error in validator.iter_errors(document)] == []
    assert not validator.is_valid({name: value for name, value in document.items() if name != "info"})
