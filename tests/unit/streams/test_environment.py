"""Where settings come from: variables that set nothing are named, rows say everything, secrets stay hidden."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.environment import display_value, setting_rows, unknown_variables
from streams.settings import Settings, variable_name
from tests.harness.cli import leadstream

# The inputs of the reports, and variations of each.
WRONG = {
    "LEADSTREAM_REPEAT_IDS=0": "a whole number of ids from 1 to 2000 (default 256)",
    "LEADSTREAM_REPEAT_IDS=-1": "a whole number of ids from 1 to 2000 (default 256)",
    "LEADSTREAM_SESSION_MS=1": "a whole number of ms from 1000 to 1800000 (default 6000)",
    "LEADSTREAM_SESSION_MS=6s": "a whole number of ms from 1000 to 1800000 (default 6000)",
    "LEADSTREAM_TRANSACTION_TIMEOUT_MS=999999999": "a whole number of ms from 1000 to 900000 (default 10000)",
    "LEADSTREAM_TRANSACTION_BOUND_MS=0": "a whole number of ms from 1000 to 900000 (default 4000)",
    "LEADSTREAM_DRAIN_BOUND_MS=-1": "a whole number of ms from 1000 to 14000 (default 6000)",
    "LEADSTREAM_DRAIN_BOUND_MS=15000": "a whole number of ms from 1000 to 14000 (default 6000)",
    "LEADSTREAM_SALESFORCE_CURRENCY=euros": "three capital letters as in ISO 4217, for example EUR (default USD)",
    "LEADSTREAM_SALESFORCE_CURRENCY=usd": "three capital letters as in ISO 4217, for example EUR (default USD)",
    "LEADSTREAM_NORMALIZE_IDS=maybe": "true or false (default false)",
    "LEADSTREAM_REDIS_URL=nonsense": "a URL, for example redis://127.0.0.1:6379/0",
    "LEADSTREAM_SALESFORCE_URL=127.0.0.1:8090": "a URL, for example http://127.0.0.1:8090",
}

KUBERNETES = {
    "LEADSTREAM_SERVICE_HOST": "10.0.0.1",
    "LEADSTREAM_SERVICE_PORT": "8080",
    "LEADSTREAM_SERVICE_PORT_HTTP": "8080",
    "LEADSTREAM_PORT": "tcp://10.0.0.1:8080",
    "LEADSTREAM_PORT_8080_TCP": "tcp://10.0.0.1:8080",
    "LEADSTREAM_PORT_8080_TCP_PROTO": "tcp",
    "LEADSTREAM_PORT_8080_TCP_PORT": "8080",
    "LEADSTREAM_PORT_8080_TCP_ADDR": "10.0.0.1",
    "LEADSTREAM_PORT_53_UDP_ADDR": "10.0.0.1",
    "LEADSTREAM_KAFKA_SERVICE_HOST": "10.0.0.2",
    "LEADSTREAM_KAFKA_PORT_9092_TCP_ADDR": "10.0.0.2",
}


@pytest.mark.parametrize(("assignment", "needed"), WRONG.items())
def test_a_command_says_in_one_line_what_to_set(assignment: str, needed: str) -> None:
    variable, _, value = assignment.partition("=")
    run = leadstream("topics", "check", env={variable: value})
    assert run.returncode == 78
    assert (run.stdout, run.stderr) == ("", f"leadstream: {assignment} cannot be used: set it to {needed}\n")


def test_a_worker_says_it_in_its_log(tmp_path: Path) -> None:
    environment = {"LEADSTREAM_REPEAT_IDS": "0", "LEADSTREAM_DATA_DIR": str(tmp_path)}
    run = leadstream("worker", env=environment)
    (line,) = run.stderr.splitlines()
    entry = json.loads(line)
    assert (run.returncode, entry["event"], entry["exit_code"]) == (78, "not started", 78)
    assert entry["problem"].startswith("LEADSTREAM_REPEAT_IDS=0 cannot be used: set it to ")


def test_a_worker_warns_of_a_slip_in_its_log_and_of_nothing_that_kubernetes_sets(tmp_path: Path) -> None:
    nobody = {"LEADSTREAM_BOOTSTRAP": "127.0.0.1:1", "LEADSTREAM_DATA_DIR": str(tmp_path), **KUBERNETES}
    run = leadstream("worker", env={**nobody, "LEADSTREAM_LATENES": "1", "LEADSTREAM_KAFKA_BOOTSTRAP": "k:1"})
    entries = [json.loads(line) for line in run.stderr.splitlines()]
    assert [(entry["level"], entry["event"]) for entry in entries] == [
        ("warning", "unknown variable"),
        ("warning", "unknown variable"),
        ("error", "not started"),
    ]
    assert "did you mean LEADSTREAM_BOOTSTRAP?" in entries[0]["problem"]
    assert "did you mean LEADSTREAM_LATENESS_MS?" in entries[1]["problem"]


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("LEADSTREAM_BOOTSTRAPP", "did you mean LEADSTREAM_BOOTSTRAP?"),
        ("LEADSTREAM_BOOTSTRAPP_FILE", "did you mean LEADSTREAM_BOOTSTRAP_FILE?"),
        ("LEADSTREAM_REPEATS_IDS", "did you mean LEADSTREAM_REPEAT_IDS?"),
        ("LEADSTREAM_LATENES", "did you mean LEADSTREAM_LATENESS_MS?"),
        ("LEADSTREAM_BOOTSTRAP_SERVERS", "did you mean LEADSTREAM_BOOTSTRAP?"),
        ("LEADSTREAM_KAFKA_BOOTSTRAP", "did you mean LEADSTREAM_BOOTSTRAP?"),
        ("LEADSTREAM_KAFKA_BOOTSTRAP_SERVERS", "did you mean LEADSTREAM_BOOTSTRAP?"),
        ("LEADSTREAM_SESSION_TIMEOUT_MS", "did you mean LEADSTREAM_SESSION_MS?"),
        ("LEADSTREAM_SALESFORCE_SECRET", "did you mean LEADSTREAM_SALESFORCE_CLIENT_SECRET?"),
        ("LEADSTREAM_SALESFORCE_SECRET_FILE", "did you mean LEADSTREAM_SALESFORCE_CLIENT_SECRET_FILE?"),
        ("LEADSTREAM_REDIS_HOST", "did you mean LEADSTREAM_REDIS_URL?"),
        ("LEADSTREAM_REDIS_PASSWORD", "did you mean LEADSTREAM_REDIS_URL?"),
        ("LEADSTREAM_PARTITION_COUNT", "did you mean LEADSTREAM_PARTITIONS?"),
        ("LEADSTREAM_WEATHER", "`leadstream settings` lists all"),
    ],
)
def test_a_variable_that_is_no_setting_is_named_with_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch, variable: str, nearest: str
) -> None:
    monkeypatch.setenv(variable, "x")
    assert list(unknown_variables()) == [f"{variable} is no setting and changes nothing; {nearest}"]


def test_settings_files_other_variables_and_those_of_kubernetes_are_no_slips(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(variable_name(name) + "_FILE", str(tmp_path))
    for variable, value in KUBERNETES.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("LEADSTREAM_DEBUG", "1")
    monkeypatch.setenv("leadstream_prefix", "lower-")
    assert list(unknown_variables()) == []


def test_a_command_warns_of_a_slip_and_goes_on(tmp_path: Path) -> None:
    environment = {"LEADSTREAM_BOOTSTRAPP": "k:1", "LEADSTREAM_DATA_DIR": str(tmp_path), **KUBERNETES}
    run = leadstream("broker", "stop", env=environment)
    assert run.returncode == 0
    assert run.stderr.splitlines()[:2] == [
        "leadstream: LEADSTREAM_BOOTSTRAPP is no setting and changes nothing; did you mean LEADSTREAM_BOOTSTRAP?",
        f"no local Kafka was running on {tmp_path / 'kafka'}",
    ]


def test_the_rows_say_where_each_value_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ids").write_text("12\n")
    monkeypatch.setenv("LEADSTREAM_REPEAT_IDS_FILE", str(tmp_path / "ids"))
    monkeypatch.setenv("LEADSTREAM_PARTITIONS", "8")
    rows = {row.name: row for row in setting_rows()}
    assert [name for name in Settings.model_fields if name not in rows] == []
    assert (rows["repeat_ids"].value, rows["repeat_ids"].source, rows["repeat_ids"].default) == (12, "file", 256)
    assert (rows["partitions"].value, rows["partitions"].source) == (8, "environment")
    assert (rows["clock"].value, rows["clock"].source, rows["clock"].bounds) == ("wall", "default", "wall or events")
    assert (rows["session_ms"].bounds, rows["session_ms"].unit) == ("1000 to 1800000", "ms")
    assert all(row.meaning for row in rows.values())


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("salesforce_client_secret", "s3cret", "***"),
        ("redis_url", "redis://user:s3@cr/et@redis:6379/0", "redis://***@redis:6379/0"),
        ("redis_url", "user:s3cret@redis", "***@redis"),
        ("redis_url", "redis://redis:6379/0?db=1&password=s3cret&x=2", "redis://redis:6379/0?db=1&password=***&x=2"),
        ("salesforce_url", "http://s3cret@127.0.0.1:8090", "http://***@127.0.0.1:8090"),
        ("bootstrap", "kafka:9092", "kafka:9092"),
        ("repeat_ids", 256, 256),
        ("name", None, None),
    ],
)
def test_secrets_are_hidden_in_addresses_too(name: str, value: object, shown: object) -> None:
    assert display_value(name, value) == shown


SECRETS = {
    "LEADSTREAM_SALESFORCE_CLIENT_SECRET": "s3cret",
    "LEADSTREAM_REDIS_URL": "redis://user:s3cret@redis:6379",
    "LEADSTREAM_MAVEN_MIRROR": "https://user:s3cret@maven.example.com",
}


def test_the_command_lists_all_settings_and_no_secret() -> None:
    table = leadstream("settings", env=SECRETS)
    assert table.returncode == 0, table.stderr
    lines = [line for line in table.stdout.splitlines() if line.startswith("LEADSTREAM_")]
    assert len(lines) == len(Settings.model_fields) + 3
    (repeat_ids,) = (line for line in lines if line.startswith("LEADSTREAM_REPEAT_IDS "))
    assert " ".join(repeat_ids.split()) == (
        "LEADSTREAM_REPEAT_IDS 256 default 256 1 to 2000 ids maximum number of event ids remembered per contact"
    )
    as_json = leadstream("settings", "--json", env=SECRETS)
    rows = {row["variable"]: row for row in json.loads(as_json.stdout)["settings"]}
    assert rows["LEADSTREAM_REDIS_URL"]["value"] == "redis://***@redis:6379"
    assert rows["LEADSTREAM_SESSION_MS"] == {
        "variable": "LEADSTREAM_SESSION_MS",
        "name": "session_ms",
        "value": 6_000,
        "source": "default",
        "default": 6_000,
        "meaning": "session timeout of the consumer group",
        "unit": "ms",
        "bounds": "1000 to 1800000",
        "problem": None,
    }
    assert "s3cret" not in table.stdout + table.stderr + as_json.stdout + as_json.stderr


@pytest.mark.parametrize("columns", ["20", "80"])
def test_in_a_pipe_a_setting_is_one_line_however_narrow_the_terminal_is(columns: str) -> None:
    lines = leadstream("settings", env={"COLUMNS": columns}).stdout.splitlines()
    (session,) = (line for line in lines if line.startswith("LEADSTREAM_SESSION_MS "))
    assert session.endswith("session timeout of the consumer group")
    begin_a_setting = [line.startswith("LEADSTREAM_") for line in lines[2:]]
    assert begin_a_setting == [True] * (len(Settings.model_fields) + 3)


def test_the_command_shows_what_is_wrong_beside_everything_else() -> None:
    wrong = {"LEADSTREAM_REPEAT_IDS": "0", "LEADSTREAM_CLOCK": "mars", "LEADSTREAM_PREFX": "a-"}
    run = leadstream("settings", "--json", env=wrong)
    assert run.returncode == 78
    answer = json.loads(run.stdout)
    problems = [row["problem"] for row in answer["settings"] if row["problem"]]
    assert [problem.partition(" ")[0] for problem in problems] == ["LEADSTREAM_CLOCK=mars", "LEADSTREAM_REPEAT_IDS=0"]
    assert sorted(run.stderr.splitlines()) == sorted(
        f"leadstream: {text}" for text in (*problems, *answer["unknown"])
    )
    assert len(answer["unknown"]) == 1


def test_the_command_shows_settings_that_contradict_each_other() -> None:
    run = leadstream("settings", env={"LEADSTREAM_TRANSACTION_BOUND_MS": "20000"})
    assert run.returncode == 78
    assert "LEADSTREAM_TRANSACTION_BOUND_MS" in run.stdout
    assert run.stderr.startswith("leadstream: LEADSTREAM_TRANSACTION_BOUND_MS=20000 is more than ")


def test_the_command_shows_the_orgs_of_accounts_without_their_secrets(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("top-secret")
    file = tmp_path / "orgs.yaml"
    text = "orgs: {emea: {accounts: [acme, beta], domain: acme.my, client_id: id, client_secret_file: secret}}"
    file.write_text(text)
    variables = {"LEADSTREAM_SALESFORCE_ORGS": str(file)}
    run = leadstream("settings", "--json", env=variables)
    assert run.returncode == 0
    [org] = json.loads(run.stdout)["salesforce_orgs"]
    assert (org["name"], org["accounts"], org["org"]) == ("emea", ["acme", "beta"], "acme.my.salesforce.com")
    lines = leadstream("settings", env=variables).stdout
    assert "of LEADSTREAM_SALESFORCE_ORGS: name emea, accounts acme beta, org acme.my.salesforce.com" in lines
    assert "top-secret" not in run.stdout + lines

    file.write_text(text.replace("client_id: id", "client_id: id, currency: euros").replace("[acme, beta]", "[]"))
    run = leadstream("settings", env=variables)
    assert run.returncode == 78
    assert len(run.stderr.splitlines()) == 2
    assert all(
        line.startswith(f"leadstream: LEADSTREAM_SALESFORCE_ORGS={file}: org emea: ")
        for line in run.stderr.splitlines()
    )


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            {},
            "set LEADSTREAM_SALESFORCE_CLIENT_ID, LEADSTREAM_SALESFORCE_CLIENT_SECRET (or ..._PRIVATE_KEY_FILE and ",
        ),
        ({"CLIENT_ID": "a"}, "no Salesforce org is configured: set LEADSTREAM_SALESFORCE_CLIENT_SECRET (or "),
        (
            {"CLIENT_ID": "a", "CLIENT_SECRET": "s3cret", "USERNAME": "a@acme.example"},
            "a username without a private key: JWT bearer needs both",
        ),
        (
            {"CLIENT_ID": "a", "CLIENT_SECRET": "s3cret", "URL": "http://example.com"},
            "the URL is http://example.com: plain http would send the secret readable",
        ),
    ],
)
def test_the_command_says_what_a_login_of_salesforce_lacks(more: dict[str, str], problem: str) -> None:
    variables = {f"LEADSTREAM_SALESFORCE_{name}": value for name, value in {"DOMAIN": "acme.my", **more}.items()}
    run = leadstream("settings", env=variables)
    assert (run.returncode, run.stderr.count("\n")) == (78, 1)
    assert problem in run.stderr
    assert "LEADSTREAM_SALESFORCE_DOMAIN" in run.stdout
    assert "s3cret" not in run.stdout + run.stderr
    whole = {**variables, "LEADSTREAM_SALESFORCE_CLIENT_ID": "a", "LEADSTREAM_SALESFORCE_CLIENT_SECRET": "b"}
    for name in ("USERNAME", "URL"):
        whole.pop(f"LEADSTREAM_SALESFORCE_{name}", None)
    assert leadstream("settings", env=whole).returncode == 0
