"""docker-compose.yml is valid, agrees with the local Kafka, and refers to things that exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema  # type: ignore[import-untyped]  # publishes no types
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from connectors.kafka.jars import KAFKA_VERSION
from streams.cli.worker import Role
from streams.serve.tokens import AccessTokens, require_tokens
from streams.settings import FILE_SUFFIX, Settings, variable_name
from tests.harness.project_files import PROJECT_ROOT

# A container has other addresses and another folder; everything else is the same broker.
ADDRESSES_AND_FOLDERS = {
    "controller.quorum.voters",
    "listeners",
    "advertised.listeners",
    "listener.security.protocol.map",
    "log.dirs",
}
ONE_SHOT = {"topics", "tokens"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load((PROJECT_ROOT / "docker-compose.yml").read_text())
    return loaded


def test_it_is_valid_by_the_compose_specification(compose: dict[str, Any]) -> None:
    validator = Draft7Validator(get_builtin_schema("vendor.compose-spec"))
    assert [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(compose)] == []
    broken = {**compose, "services": {"kafka": {"imagine": "x"}}}
    assert list(validator.iter_errors(broken)) != []


def test_its_kafka_is_the_local_kafka(compose: dict[str, Any]) -> None:
    kafka = compose["services"]["kafka"]
    assert kafka["image"] == f"apache/kafka:{KAFKA_VERSION}"
    local = dict(
        line.split("=", 1)
        for line in (PROJECT_ROOT / "connectors/kafka/server.properties").read_text().splitlines()
        if line and not line.startswith("#")
    )
    in_container = {name: str(value) for name, value in kafka["environment"].items()}
    differing = {
        name: (value, in_container.get(variable(name)))
        for name, value in local.items()
        if name not in ADDRESSES_AND_FOLDERS and in_container.get(variable(name)) != value
    }
    assert differing == {}


def variable(name: str) -> str:
    """Returns the environment variable that sets a property in the image."""
    return "KAFKA_" + name.upper().replace(".", "_")


def test_every_setting_of_leadstream_exists(compose: dict[str, Any]) -> None:
    settings = {variable_name(name) for name in Settings.model_fields}
    for service in compose["services"].values():
        names = [name for name in service.get("environment", {}) if name.startswith("LEADSTREAM_")]
        variables = {name.removesuffix(FILE_SUFFIX) for name in names}
        assert variables <= settings


def test_whoever_is_waited_for_says_when_it_is_ready(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert ("healthcheck" in service) == (name not in ONE_SHOT)
        for other, dependency in service.get("depends_on", {}).items():
            ready = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
            assert dependency["condition"] == ready, (name, other)


def test_all_but_one_shots_are_there_again_after_a_restart_of_the_machine(compose: dict[str, Any]) -> None:
    """A worker that came back alone would wait for its Kafka for ever."""
    for name, service in compose["services"].items():
        assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped"), name


def test_the_console_comes_after_the_read_models_and_its_tokens(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"tokens", "views", "redis"} <= set(services["serve"]["depends_on"])
    assert services["views"]["command"] == ["worker", "--role", Role.VIEWS]
    addresses = {services[name]["environment"]["LEADSTREAM_REDIS_URL"] for name in ("views", "serve")}
    assert len(addresses) == 1, "one writes the Redis that the other reads"
    assert "LEADSTREAM_REDIS_URL" not in services["worker"]["environment"], "it would write the read models, too"


def make_tokens(compose: dict[str, Any], folder: Path) -> AccessTokens:
    """What `serve` takes of the file that the service `tokens` makes in a folder."""
    [script] = compose["services"]["tokens"]["command"]
    environment = {**os.environ, "LEADSTREAM_DATA_DIR": str(folder)}
    subprocess.run([sys.executable, "-c", script.replace("$$", "$")], check=True, env=environment)
    assert compose["services"]["serve"]["environment"]["LEADSTREAM_SERVE_TOKENS_FILE"].endswith("/tokens")
    return require_tokens(Settings(serve_host="0.0.0.0", serve_tokens=(folder / "tokens").read_text()))


def test_the_tokens_are_made_once_and_nobody_else_reads_them(compose: dict[str, Any], tmp_path: Path) -> None:
    tokens = make_tokens(compose, tmp_path)
    text = (tmp_path / "tokens").read_text()
    reading, writing = (line.partition(":")[2] for line in text.split())
    assert tokens.scope_of(f"Bearer {reading}".encode()) == "read"
    assert tokens.scope_of(f"Bearer {writing}".encode()) == "write"
    assert (tmp_path / "tokens").stat().st_mode & 0o077 == 0
    make_tokens(compose, tmp_path)
    assert (tmp_path / "tokens").read_text() == text


def test_nothing_listens_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 7
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_sandbox_has_the_campaigns_of_the_sample_definitions(compose: dict[str, Any]) -> None:
    sample = YAML(typ="safe").load((PROJECT_ROOT / "streams/demo/definitions.yaml").read_text())
    options = {
        f"--campaign={campaign['salesforce']['campaign']}={campaign['name']}"
        for campaign in sample["campaigns"]
        if "salesforce" in campaign
    }
    assert options <= set(compose["services"]["salesforce"]["command"])


def test_the_image_is_built_from_what_there_is(compose: dict[str, Any]) -> None:
    dockerfile = PROJECT_ROOT / compose["services"]["worker"]["build"]["dockerfile"]
    copied = [
        source
        for line in dockerfile.read_text().splitlines()
        if (match := re.match(r"COPY (.+) \S+$", line))
        for source in match[1].split()
    ]
    assert {"pyproject.toml", "schemas", "streams", "agents", "connectors"} <= set(copied)
    assert [source for source in copied if not (PROJECT_ROOT / source).exists()] == []
