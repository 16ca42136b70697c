"""`leadstream serve` over a deployment: what it shows, takes and streams, and how it ends."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import statistics
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest
import redis

from connectors.ports import free_port
from connectors.redis.local import LocalRedis
from schemas.values import instant_text
from streams.clock import now_ms
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline, wait_until
from tests.harness.docs.guide import blocks
from tests.harness.project_files import PROJECT_ROOT
from tests.harness.serve.server import LIMIT_SECONDS, ServeProcess

NUMBER = re.compile(r"[0-9]+")
UNREAD_SECONDS = 5.0
"""A client goes that has no answer by then; a draft of megabytes takes longer to read."""
READ, WRITE = "r" * 24, "w" * 24


def test_what_the_pipeline_decided_is_shown(server: ServeProcess, prospect: str) -> None:
    shown = server.get(f"/contacts/{prospect}").json()
    assert {each["segment"] for each in shown["memberships"]} == {"german", "keen"}
    assert [each["contact"] for each in server.get("/segments/german/members").json()["members"]] == [prospect]
    sizes = {each["segment"]: each["members"] for each in server.get("/segments").json()["segments"]}
    assert (sizes["german"], sizes["keen"], sizes["press"]) == (1, 1, 0)
    assert server.get("/campaigns/spring").json()["funnel"]["statuses"]["qualified"] == 1
    timeline = server.get(f"/contacts/{prospect}/timeline").json()["changes"]
    assert timeline[0]["cause"]["kind"] == "automation"


def test_why_is_told_from_the_row_and_from_the_journal(server: ServeProcess, prospect: str) -> None:
    now = server.get(f"/contacts/{prospect}/why?segment=german").json()
    assert (now["member"], now["source"]) == (True, "state")
    past = server.get(f"/contacts/{prospect}/why?campaign=spring&at=2020-01-01T00:00:00Z").json()
    assert past["known"] is False
    unknown = server.get(f"/contacts/{prospect}/why?segment=germans")
    assert (unknown.status_code, "did you mean german" in unknown.text) == (404, True)


def test_a_command_is_in_the_journal_once_however_often_it_is_sent(pipeline: Pipeline, server: ServeProcess) -> None:
    body = {"segment": "guests", "contacts": ["ada", "bob"], "by": "grace"}
    answers = [server.post("/segments/add", body, Idempotency_Key="list-1") for _ in range(2)]
    assert [each.status_code for each in answers] == [202, 202]
    offsets = [each["offset"] for answer in answers for each in answer.json()["events"]]
    assert len(offsets) == 4
    wait_until(
        lambda: server.get("/segments/guests/members").json()["total"] == 2, LIMIT_SECONDS, "they are not listed"
    )
    pipeline.wait_until_settled()
    journal = [record for each in pipeline.read_records("journal").values() for record in each]
    assert sum(b'"list-1"' in (record.value or b"") for record in journal) == 4
    changes = [record for each in pipeline.read_records("segment-changes").values() for record in each]
    assert sum(b'"list-1"' in (record.value or b"") for record in changes) == 2, "the repeats changed nothing"


def test_a_search_counts_and_a_plan_tells_who_would_enter(server: ServeProcess, prospect: str) -> None:
    found = server.post("/search", {"condition": "{property: country, eq: DE}"}).json()
    assert (found["count"], found["sample"][0]["contact"]) == (1, prospect)
    wrong = server.post("/search", {"condition": "all:\n- {property: country, eqq: DE}"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["line"] == 2
    draft = "segments:\n- {id: new, dynamic: true, when: {property: country, eq: DE}}\n"
    (plan,) = server.post("/definitions/plan", {"text": draft}).json()["accounts"]
    assert plan["plan"]["preview"]["segments"]["new"]["enter"]["count"] == 1
    assert server.get("/definitions").json()["number"] == 1


def test_texts_that_take_long_to_read_hold_nobody_back(server: ServeProcess) -> None:
    """What YAML of megabytes costs is paid by who sends it: others are answered meanwhile."""
    fast = {"condition": "{property: country, eq: DE}"}
    server.post("/search", fast)  # what reads conditions has started
    numbers = "1," * 1_000_000
    slow = {"/definitions/plan": {"text": f"a: [{numbers}]"}, "/search": {"condition": f"a: [{numbers[:99_000]}]"}}
    outcomes: dict[str, str] = {}

    def send(path: str) -> None:
        with httpx.Client(base_url=server.client.base_url, timeout=httpx.Timeout(60, read=UNREAD_SECONDS)) as client:
            try:
                outcomes[path] = str(client.post(path, json=slow[path]).status_code)
            except httpx.TimeoutException:
                outcomes[path] = "no answer yet"

    senders = [threading.Thread(target=send, args=(path,)) for path in slow]
    for sender in senders:
        sender.start()
    times: list[float] = []
    while any(sender.is_alive() for sender in senders):
        began = time.monotonic()
        assert server.get("/segments").status_code == 200
        assert server.post("/search", fast).status_code == 200
        times.append(time.monotonic() - began)
    assert outcomes["/definitions/plan"] == "no answer yet"
    assert outcomes["/search"] in ("no answer yet", "422")
    assert len(times) > 3
    assert statistics.median(times) < UNREAD_SECONDS / 3


def test_workers_and_definitions_are_told(server: ServeProcess) -> None:
    status = server.get("/workers").json()
    assert [each["role"] for each in status["workers"]] == ["pipeline", "views"]
    assert status["workers"][1]["partitions"] == len(server.get("/views").json()["partitions"]) > 0
    assert status["views"]["workers"] == 1
    history = server.get("/definitions/history").json()["releases"]
    assert [each["number"] for each in history] == [1]


@pytest.mark.usefixtures("prospect")  # a change to begin behind
def test_a_stream_that_breaks_goes_on_without_loss_or_repeat(server: ServeProcess) -> None:
    last = server.get("/changes?limit=1").json()["last"]
    names = [f"s{number}" for number in range(40)]

    def write() -> None:
        for name in names:
            assert server.post("/segments/add", {"segment": "readers", "contacts": [name]}).status_code == 202

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[str] = []
    try:
        while len(seen) < len(names):
            with server.follow("?segment=readers", last_event_id=last) as changes:  # broken after a few
                for change in changes:
                    seen.append(change["contact"])
                    last = change["position"]
                    if len(seen) % 7 == 0 or len(seen) == len(names):
                        break
    finally:
        writer.join()
    assert seen == list(dict.fromkeys(seen))
    assert sorted(seen) == sorted(names)


def test_a_dead_letter_is_shown_and_sent_again_once(pipeline: Pipeline, server: ServeProcess) -> None:
    body = {"campaign": "spring", "contacts": ["nobody"]}
    assert server.post("/leads/qualify", body).status_code == 202
    wait_until(
        lambda: server.get("/dead-letters?contact=nobody").json()["count"] == 1, LIMIT_SECONDS, "no dead letter"
    )
    (letter,) = server.get("/dead-letters?contact=nobody").json()["letters"]
    path = f"/dead-letters/{letter['letter']}"
    shown = server.get(path).json()
    assert (shown["code"], bool(shown["advice"]), shown["retried"]) == ("no_lead", True, None)
    assert [server.post(f"{path}/retry", {}).json()["sent"] for _ in range(2)] == [True, False]
    assert server.get(path).json()["retried"]["edited"] is False
    assert server.get("/dead-letters/0:999999").status_code == 404


def refuse(server: ServeProcess, contacts: list[str]) -> None:
    """Asks for leads of contacts that have none, and waits until each is a dead letter."""
    assert server.post("/leads/qualify", {"campaign": "spring", "contacts": contacts}).status_code == 202
    wait_until(
        lambda: all(server.get(f"/dead-letters?contact={each}").json()["count"] for each in contacts),
        LIMIT_SECONDS,
        "no dead letters",
    )


def test_dead_letters_are_turned_page_by_page_while_more_of_them_come(server: ServeProcess) -> None:
    path = f"/dead-letters?code=no_lead&topic=lead-commands&since={instant_text(now_ms())}&limit=2"
    everybody = [f"stranger-{number}" for number in range(5)]
    refuse(server, everybody)
    pages = [server.get(path).json()]
    refuse(server, ["latecomer"])
    while pages[-1]["next"] is not None:
        pages.append(server.get(f"{path}&cursor={pages[-1]['next']}").json())
    assert [len(page["letters"]) for page in pages] == [2, 2, 1]
    assert [page["count"] for page in pages] == [5, 6, 6]
    letters = [letter for page in pages[::-1] for letter in page["letters"]]
    assert sorted(letter["contact"] for letter in letters) == everybody
    whole = server.get(path.replace("limit=2", "limit=500")).json()
    assert (whole["letters"][:5], whole["next"]) == (letters, None)
    other = server.get(f"/dead-letters?code=no_lead&cursor={pages[0]['next']}")
    assert (other.status_code, "one of another list" in other.text) == (400, True)


def test_dead_letters_are_those_of_a_topic_and_a_time(server: ServeProcess) -> None:
    refuse(server, ["early"])
    refuse(server, ["late"])
    letters = server.get("/dead-letters?limit=500&topic=lead-commands").json()["letters"]
    assert {letter["source"]["topic"] for letter in letters} == {"lead-commands"}
    assert server.get("/dead-letters?topic=web-visits").json()["count"] == 0
    at = next(letter["at"] for letter in letters if letter["contact"] == "late")
    since = server.get(f"/dead-letters?limit=500&topic=lead-commands&since={at}").json()["letters"]
    until = server.get(f"/dead-letters?limit=500&topic=lead-commands&until={at}").json()["letters"]
    assert [*until, *since] == letters
    assert "early" in {letter["contact"] for letter in until}
    assert "late" in {letter["contact"] for letter in since}
    for wrong in ("topic=journal", "since=yesterday", "until=2026-02-30T00:00:00Z", "cursor=nonsense"):
        assert server.get(f"/dead-letters?{wrong}").status_code in (400, 422), wrong


def test_a_poll_of_what_did_not_change_is_answered_with_304(server: ServeProcess) -> None:
    first = server.get("/segments/press")
    again = server.get("/segments/press", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_it_ends_within_seconds_while_streams_are_open(
    pipeline: Pipeline, server: ServeProcess, folder: Path
) -> None:
    assert server.post("/segments/add", {"segment": "vip", "contacts": ["the-last"]}).status_code == 202
    wait_until(lambda: "the-last" in server.get("/changes").text, LIMIT_SECONDS, "no change to stream")
    with ServeProcess(folder, pipeline.environment) as own:
        own.wait_until_ready()
        with own.follow("?after=0-0") as changes:
            next(changes)
            code, seconds = own.stop()
        assert code == 0
        assert seconds < 20, "a second or two, but for a machine that is busy"
        assert not [line for line in own.text.splitlines() if '"level": "error"' in line]


def test_its_own_redis_may_be_killed(pipeline: Pipeline, folder: Path, prospect: str) -> None:
    with ServeProcess(folder, {**pipeline.environment, "LEADSTREAM_DATA_DIR": str(folder)}) as own:
        own.wait_until_ready()
        members = own.get("/segments/german/members").json()
        assert [each["contact"] for each in members["members"]] == [prospect]
        (url,) = re.findall(r"redis://127.0.0.1:[0-9]+/0", own.text)
        with redis.Redis.from_url(url) as client:
            os.kill(client.info()["process_id"], signal.SIGKILL)
        wait_until(lambda: own.get("/health").status_code == 503, LIMIT_SECONDS, "the loss is not told")
        own.wait_until_ready()
        assert own.get("/segments/german/members").json() == members


@pytest.fixture(scope="module")
def named_redis(tmp_path_factory: pytest.TempPathFactory) -> LocalRedis:
    """A Redis of the user's."""
    return LocalRedis(tmp_path_factory.mktemp("redis"), free_port())


def test_without_redis_and_kafka_it_says_so_and_tokens_are_in_no_log(folder: Path, named_redis: LocalRedis) -> None:
    with named_redis:
        url = named_redis.url
    environment = {
        "LEADSTREAM_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "LEADSTREAM_DATA_DIR": str(folder),
        "LEADSTREAM_REDIS_URL": url,
        "LEADSTREAM_SERVE_TOKENS": f"read:{READ},write:{WRITE}",
    }
    with ServeProcess(folder, environment) as own:
        headers = {"Authorization": f"Bearer {WRITE}"}
        assert own.get("/segments/vip/members").status_code == 401
        assert own.get("/segments/vip/members", headers={"Authorization": f"Bearer {READ}x"}).status_code == 401
        redis_away = own.get("/segments/vip/members", headers=headers)
        kafka_away = own.client.post("/segments/add", json={"segment": "vip", "contacts": ["a"]}, headers=headers)
        for response, word in ((redis_away, "no Redis answers"), (kafka_away, "no Kafka answers")):
            assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
            assert word in response.json()["detail"]
        with named_redis:
            views = own.get("/views", headers=headers)
            assert (views.status_code, views.json()["generation"]) == (200, None), "Redis is back"
        assert own.stop(signal.SIGINT)[0] == 0
        for secret in (READ, WRITE, "Bearer"):
            assert secret not in own.text


def test_a_port_in_use_is_one_line(server: ServeProcess, folder: Path) -> None:
    environment = {"LEADSTREAM_REDIS_URL": "redis://127.0.0.1:1", "LEADSTREAM_DATA_DIR": str(folder)}
    run = leadstream("serve", "--port", str(server.port), env=environment)
    assert run.returncode == 78
    assert run.stderr.splitlines() == [
        f"leadstream: serve cannot listen on 127.0.0.1:{server.port} (Address already in use); take another --port or"
        " --host, or stop what listens there"
    ]


def test_beyond_loopback_it_does_not_start_without_tokens(folder: Path) -> None:
    run = leadstream("serve", "--host", "0.0.0.0", env={"LEADSTREAM_DATA_DIR": str(folder)})
    assert run.returncode == 78
    assert "LEADSTREAM_SERVE_TOKENS" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def page_examples() -> list[tuple[str, list[str]]]:
    """The calls of curl on the page that end, and the lines below them."""
    consoles = [block for block in blocks((PROJECT_ROOT / "docs" / "http.md").read_text()) if block.kind == "console"]
    parts = [(*block.text.removeprefix("$ ").splitlines(),) for block in consoles]
    return [(command, shown) for command, *shown in parts if command.startswith("curl") and "stream" not in command]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
@pytest.mark.parametrize(("command", "shown"), page_examples(), ids=lambda value: str(value)[:40])
def test_the_page_shows_what_is_answered(server: ServeProcess, folder: Path, command: str, shown: list[str]) -> None:
    words = shlex.split(command.replace("http://127.0.0.1:8800", server.url))
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True, cwd=folder)
    assert shown
    assert [NUMBER.sub("0", line) for line in run.stdout.splitlines()] == [NUMBER.sub("0", line) for line in shown]
