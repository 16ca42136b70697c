"""Every setting below, at and above its bounds and of the wrong type: a refusal in one line, or a worker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from connectors.salesforce.org.connection import Connection
from streams.app import ledger_spec, pipeline_spec
from streams.engine.state.memory_rows import MemoryRows
from streams.environment import bounds, load_settings
from streams.errors import ConfigurationError, UsageError
from streams.kafka.topic_plan import plan_topics
from streams.runtime.process.app_builder import build_app
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.work_pace import WorkPace
from streams.runtime.time.alignment import AlignmentSettings
from streams.runtime.time.claim_publisher import ClaimPublisher
from streams.settings import Clock, ContactStorage, Settings, variable_name

NUMBERS = {name: limits for name in Settings.model_fields if (limits := bounds(name)) is not None}
CHOICES = {
    "clock": get_args(Clock),
    "contact_store": get_args(ContactStorage),
    "normalize_ids": ("true", "false"),
}
TEXTS: dict[str, tuple[list[str], list[str]]] = {
    "bootstrap": (
        ["kafka", "kafka:9092", "127.0.0.1:1", "a:65535, b:9092", "[::1]:9092", "broker_1.example.com:9092"],
        ["kafka:0", "kafka:65536", "kafka:", ":9092", "kafka:many", "kafka:9092,", "PLAINTEXT://kafka:9092", "a b:1"],
    ),
    "prefix": (["acme-", "a.b_c-", "x" * 100], ["x" * 101, "a/b", "a b", "ä-"]),
    "name": (["w", "w.1_2-3", "x" * 100], ["x" * 101, "a/b", "a b", ".", ".."]),
    "salesforce_url": (
        ["http://127.0.0.1:8090", "https://acme.example.com/path", "http://[::1]:1"],
        ["nonsense", "127.0.0.1:8090", "ftp://127.0.0.1", "http://", "http://a:0", "http://a:99999", "http://a b"],
    ),
    "salesforce_domain": (
        ["acme.my", "acme", "acme--dev.sandbox.my"],
        ["https://acme.my", "acme.my.salesforce.com", "acme my", "-acme", "acme..my", "acme.my/"],
    ),
    "salesforce_client_id": (["3MVG9_x.y", "x" * 1_000], ["x" * 1_001, "two words", "tab\t", "ä"]),
    "salesforce_client_secret": (["s3cret!", "x" * 1_000], ["x" * 1_001, "two words", "line\nline"]),
    "salesforce_username": (
        ["integration@acme.example", "a+b@acme.example.sandbox"],
        ["integration", "a b@acme.example", "@acme.example", "a@", "a@b@c"],
    ),
    "salesforce_private_key": (
        ["-----BEGIN PRIVATE KEY-----\nMIIB+/==\n-----END PRIVATE KEY-----\n"],
        [
            "server.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
        ],
    ),
    "salesforce_version": (["62.0", "100.0"], ["62", "v62.0", "62.5", "latest", "0.0"]),
    "salesforce_external_id": (["Leadstream_Id__c", "ns__Key__c", "X"], ["1__c", "a-b", "a b", "_", "x" * 81]),
    "salesforce_currency": (["USD", "EUR"], ["euros", "eur", "EU", "EURO", "€"]),
    "metrics_host": (
        ["127.0.0.1", "0.0.0.0", "::1", "::", "localhost", "w-0.leadstream"],
        ["127.0.0.1:80", "a b", "http://a", "[::1]:80", ":"],
    ),
    "redis_url": (
        ["redis://127.0.0.1:6379/0", "rediss://user:pass@redis:6379"],
        ["nonsense", "127.0.0.1:6379", "http://redis", "redis://", "redis://a:70000"],
    ),
    "views_group": (["second", "eu-west.1_b", "x" * 100], ["x" * 101, "a/b", "a b", "ä"]),
    "serve_host": (
        ["127.0.0.1", "0.0.0.0", "::1", "localhost", "api.example.com"],
        ["127.0.0.1:80", "http://localhost", "[::1]", "a b"],
    ),
    "serve_tokens": (
        [f"read:{'r' * 20}", f"write:{'w' * 200}", f"read:{'a' * 20},read:{'b' * 20}, write:{'c' * 20}"],
        [
            "r" * 20,
            f"admin:{'a' * 20}",
            f"read:{'r' * 19}",
            f"read:{'r' * 201}",
            f"read:{'a' * 20},write:{'a' * 20}",
            ",".join(f"read:{each * 20}" for each in "abc"),
            "read:two words are no token",
        ],
    ),
}
"""Setting -> what fits and what does not."""

COMPANIONS: dict[tuple[str, int], tuple[str, int]] = {
    ("transaction_bound_ms", 900_000): ("transaction_timeout_ms", 900_000),
    ("transaction_timeout_ms", 1_000): ("transaction_bound_ms", 1_000),
    ("tick_ms", 60_000): ("heartbeat_ms", 60_000),
    ("heartbeat_ms", 100): ("tick_ms", 100),
}
"""A value at its bound -> what has to be set beside it."""

AT_BOUNDS = [(name, value) for name, limits in NUMBERS.items() for value in limits]
OUTSIDE = [(name, value) for name, (least, most) in NUMBERS.items() for value in (least - 1, most + 1)]


def build_worker(settings: Settings, folder: Path) -> None:
    """Builds what a worker builds of its settings."""
    here = settings.model_copy(update={"data_dir": folder})
    for spec in (pipeline_spec(here), ledger_spec(here)):
        app = build_app(spec, here, here.name or "w")
        assert app.conf.broker_session_timeout > app.conf.broker_heartbeat_interval
        assert spec.decider(here, 0, MemoryRows()).next_due() is None
        spec.ingest(here)
    assert all(1 <= plan.partitions <= 1_000 for plan in plan_topics(here))
    WorkPace(here)
    AlignmentSettings.from_settings(here)
    SlotProducer(here, "slot-0")
    ClaimPublisher(here, lambda _now: {}, lambda _now: 0, lambda: None)
    if Connection.is_configured(here):
        login = {"salesforce_client_id": here.salesforce_client_id or "a", "salesforce_client_secret": "b"}
        local = {"salesforce_url": None} if here.salesforce_domain else {}
        Connection.from_settings(here.model_copy(update={**login, **local}))


def refusal() -> str:
    with pytest.raises(ConfigurationError) as error:
        load_settings()
    message = str(error.value)
    assert message.isprintable()
    assert len(message) < 400
    assert error.value.exit_code == 78
    return message


def test_every_setting_is_tried() -> None:
    assert {*NUMBERS, *CHOICES, *TEXTS, "data_dir", "salesforce_orgs"} == set(Settings.model_fields)
    assert len(NUMBERS) > 20


@pytest.mark.parametrize(("name", "value"), AT_BOUNDS)
def test_a_worker_is_built_of_a_number_at_its_bound(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: int
) -> None:
    monkeypatch.setenv(variable_name(name), str(value))
    if (name, value) in COMPANIONS:
        assert f"{variable_name(name)}={value}" in refusal()
        companion, needed = COMPANIONS[name, value]
        monkeypatch.setenv(variable_name(companion), str(needed))
    settings = load_settings()
    assert getattr(settings, name) == value
    build_worker(settings, tmp_path)


@pytest.mark.parametrize("bound", [0, 1], ids=["lower", "upper"])
def test_a_worker_is_built_of_all_numbers_at_their_bounds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bound: int
) -> None:
    for name, limits in NUMBERS.items():
        monkeypatch.setenv(variable_name(name), str(limits[bound]))
    build_worker(load_settings(), tmp_path)


@pytest.mark.parametrize(("name", "value"), OUTSIDE)
def test_a_number_outside_its_bounds_is_refused_with_what_to_set(
    monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    monkeypatch.setenv(variable_name(name), str(value))
    least, most = NUMBERS[name]
    assert refusal().startswith(f"{variable_name(name)}={value} cannot be used: set it to a whole number ")
    default = Settings.model_fields[name].default
    assert f"from {least} to {most}{'' if default is None else f' (default {default})'}" in refusal()


@pytest.mark.parametrize("value", ["many", "1.5", "1e3", "0x10", "ten", "1 000", "9" * 5_000, "٣x"])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(variable_name(name), value)
    assert variable_name(name) in refusal()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (fit, _) in TEXTS.items() for value in fit])
def test_a_worker_is_built_of_a_text_that_fits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    monkeypatch.setenv(variable_name(name), value)
    settings = load_settings()
    assert getattr(settings, name) == value
    build_worker(settings, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (_, others) in TEXTS.items() for value in others]
)
def test_a_text_of_another_form_is_refused_with_an_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(variable_name(name), value)
    assert re.match(rf"{variable_name(name)}=.* cannot be used: set it to .", refusal())
    assert name != "salesforce_client_secret" or value not in refusal()


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_is_one_of_its_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    for value in CHOICES[name]:
        monkeypatch.setenv(variable_name(name), value)
        build_worker(load_settings(), tmp_path)
    monkeypatch.setenv(variable_name(name), "mars")
    assert f"{variable_name(name)}=mars cannot be used: set it to {' or '.join(CHOICES[name])} (default " in refusal()


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    default = Settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(variable_name(name), "")
    assert load_settings() == default


def test_a_transaction_ends_before_the_broker_aborts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSTREAM_TRANSACTION_BOUND_MS", "10001")
    assert refusal() == (
        "LEADSTREAM_TRANSACTION_BOUND_MS=10001 is more than LEADSTREAM_TRANSACTION_TIMEOUT_MS=10000: the broker would"
        " abort it before; set LEADSTREAM_TRANSACTION_BOUND_MS to 10000 or less, or LEADSTREAM_TRANSACTION_TIMEOUT_MS"
        " to 10001 or more"
    )
    monkeypatch.setenv("LEADSTREAM_TRANSACTION_TIMEOUT_MS", "10001")
    assert load_settings().transaction_bound_ms == 10_001


def test_of_several_wrong_settings_the_first_is_named_and_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEADSTREAM_REPEAT_IDS", "0")
    monkeypatch.setenv("LEADSTREAM_SESSION_MS", "1")
    assert refusal() == (
        "LEADSTREAM_REPEAT_IDS=0 cannot be used: set it to a whole number of ids from 1 to 2000 (default 256)"
        " (1 more wrong: `leadstream settings` lists them)"
    )


def test_an_option_goes_before_the_environment_and_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSTREAM_PARTITIONS", "many")
    assert load_settings(partitions=3, prefix=None).partitions == 3
    with pytest.raises(UsageError, match=r"^setting partitions: 0 cannot be used: give a whole number of partitions"):
        load_settings(partitions=0)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file that a setting is read from."""
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    monkeypatch.setenv("LEADSTREAM_SALESFORCE_CLIENT_SECRET_FILE", str(path))
    return path


@pytest.mark.parametrize("text", ["s3cret", "s3cret\n", "s3cret\r\n", "\ufeffs3cret\r\n"])
def test_a_setting_is_read_from_a_file_without_the_newline_at_its_end(secret: Path, text: str) -> None:
    secret.write_bytes(text.encode())
    assert load_settings().salesforce_client_secret == "s3cret"
    assert load_settings(salesforce_client_secret="option").salesforce_client_secret == "option"


def test_a_number_is_read_from_a_file_and_has_its_bounds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "ids"
    path.write_text("12\n")
    monkeypatch.setenv("LEADSTREAM_REPEAT_IDS_FILE", str(path))
    assert load_settings().repeat_ids == 12
    path.write_text("0\n")
    assert refusal().startswith("LEADSTREAM_REPEAT_IDS_FILE: 0 cannot be used: set it to a whole number of ids")


def test_a_setting_that_is_set_twice_is_refused(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSTREAM_SALESFORCE_CLIENT_SECRET", "other")
    name = "LEADSTREAM_SALESFORCE_CLIENT_SECRET"
    assert refusal() == f"{name} and {name}_FILE are both set: unset one of them"


def test_a_file_that_cannot_be_read_is_one_line(secret: Path) -> None:
    secret.write_text("\n")
    assert "is an empty file" in refusal()
    secret.write_bytes(b"\xff\xfe")
    assert "is no text in UTF-8" in refusal()
    secret.unlink()
    assert "cannot be read (No such file or directory)" in refusal()
    secret.mkdir()
    assert "cannot be read (Is a directory)" in refusal()
