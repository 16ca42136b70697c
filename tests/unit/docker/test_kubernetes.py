"""The Kubernetes manifests refer to things that exist, and set a worker up as the page on Kubernetes says."""

from __future__ import annotations

import shlex
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # publishes no types
import pytest
from ruamel.yaml import YAML

from streams.cli.worker import Role
from streams.environment import load_settings
from streams.metrics.server import WorkerServer
from streams.metrics.worker import ANSWER_SECONDS
from streams.runtime.process.supervisor import STOP_SECONDS
from streams.serve.addresses import is_loopback
from streams.serve.app import API
from streams.serve.routes import health
from streams.settings import FILE_SUFFIX, Settings, variable_name
from tests.harness.project_files import PROJECT_ROOT

MANIFESTS = PROJECT_ROOT / "docker" / "kubernetes" / "leadstream.yml"
PAGE = (PROJECT_ROOT / "docs" / "kubernetes.md").read_text()


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load_all(MANIFESTS.read_text()))


def test_kubernetes_would_take_each_of_them(manifests: list[dict[str, Any]]) -> None:
    version = kubernetes_validate.latest_version()
    for each in manifests:
        kubernetes_validate.validate(each, version, strict=True)
    [worker] = [each for each in of_kind(manifests, "StatefulSet") if each["metadata"]["name"] == "leadstream-worker"]
    misspelt = {**worker, "spec": {**worker["spec"], "replica": 3}}
    with pytest.raises(kubernetes_validate.ValidationError, match="'replica' was unexpected"):
        kubernetes_validate.validate(misspelt, version, strict=True)


def of_kind(manifests: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in manifests if each["kind"] == kind]


def containers(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The containers of all pods."""
    pods = [each["spec"]["template"]["spec"] for each in manifests if "template" in each.get("spec", {})]
    return [container for pod in pods for container in pod["containers"]]


def test_each_variable_is_a_setting_and_the_values_can_be_used(
    manifests: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    [configuration] = of_kind(manifests, "ConfigMap")
    names = {variable_name(name) for name in Settings.model_fields}
    assert set(configuration["data"]) <= names
    own = {entry["name"] for container in containers(manifests) for entry in container.get("env", ())}
    assert {name.removesuffix(FILE_SUFFIX) for name in own} <= names
    for name, value in configuration["data"].items():
        assert isinstance(value, str), "a ConfigMap has texts only"
        monkeypatch.setenv(name, value)
    assert load_settings().metrics_host == "0.0.0.0"


def test_a_workers_name_is_its_pods(manifests: list[dict[str, Any]]) -> None:
    for stateful in of_kind(manifests, "StatefulSet"):
        [container] = stateful["spec"]["template"]["spec"]["containers"]
        [name] = [entry for entry in container["env"] if entry["name"] == "LEADSTREAM_NAME"]
        assert name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_probes_ask_paths_that_are_served_on_the_port_that_is_set(manifests: list[dict[str, Any]]) -> None:
    served = {
        route.resource.canonical for route in WorkerServer("w", []).application().router.routes() if route.resource
    }
    [configuration] = of_kind(manifests, "ConfigMap")
    for stateful in of_kind(manifests, "StatefulSet"):
        [container] = stateful["spec"]["template"]["spec"]["containers"]
        [port] = container["ports"]
        assert str(port["containerPort"]) == configuration["data"]["LEADSTREAM_METRICS_PORT"]
        for probe in ("livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"]["path"] in served
            assert container[probe]["httpGet"]["port"] == port["name"]
            assert container[probe]["timeoutSeconds"] > ANSWER_SECONDS, "so that the answer says which process hangs"
        grace = stateful["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert grace > STOP_SECONDS


def test_each_command_exists(manifests: list[dict[str, Any]]) -> None:
    commands = {shlex.join(container["args"]) for container in containers(manifests)}
    roles = {f"worker --role {role}" for role in (Role.CRM, Role.VIEWS)}
    assert commands == {"topics create", "worker", "serve", *roles}


def test_the_server_is_asked_where_it_listens_and_has_tokens(manifests: list[dict[str, Any]]) -> None:
    [deployment] = of_kind(manifests, "Deployment")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    [port] = container["ports"]
    assert port["containerPort"] == Settings().serve_port
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert not is_loopback(environment["LEADSTREAM_SERVE_HOST"])
    tokens = environment["LEADSTREAM_SERVE_TOKENS_FILE"]
    [*_, script] = container["readinessProbe"]["exec"]["command"]
    assert f'open("{tokens}")' in script
    assert f"127.0.0.1:{port['containerPort']}{API}{health.router.routes[0].path}" in script  # type: ignore[attr-defined]
    service = next(each for each in of_kind(manifests, "Service") if each["metadata"]["name"] == "leadstream-serve")
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    [published] = service["spec"]["ports"]
    assert published["targetPort"] == port["name"]


def test_labels_choose_what_they_should(manifests: list[dict[str, Any]]) -> None:
    service = next(each for each in of_kind(manifests, "Service") if each["metadata"]["name"] == "leadstream-workers")
    for stateful in of_kind(manifests, "StatefulSet"):
        labels = stateful["spec"]["template"]["metadata"]["labels"]
        assert stateful["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert service["spec"]["selector"].items() <= labels.items()
        assert stateful["spec"]["serviceName"] == service["metadata"]["name"]
    [budget] = of_kind(manifests, "PodDisruptionBudget")
    [worker] = [each for each in of_kind(manifests, "StatefulSet") if each["metadata"]["name"] == "leadstream-worker"]
    assert budget["spec"]["selector"] == worker["spec"]["selector"]


def test_each_volume_that_is_mounted_exists(manifests: list[dict[str, Any]]) -> None:
    for stateful in (*of_kind(manifests, "StatefulSet"), *of_kind(manifests, "Deployment")):
        spec = stateful["spec"]
        claims = {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", ())}
        volumes = {volume["name"] for volume in spec["template"]["spec"]["volumes"]}
        [container] = spec["template"]["spec"]["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == claims | volumes


def test_the_page_names_every_manifest(manifests: list[dict[str, Any]]) -> None:
    for each in manifests:
        assert f"`{each['metadata']['name']}`" in PAGE
