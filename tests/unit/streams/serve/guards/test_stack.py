"""All guards together, around the application: what passes, what is refused, what is said and what is logged."""

from __future__ import annotations

import json

import pytest
import structlog
from starlette.exceptions import HTTPException

from streams.errors import RedisUnavailable
from streams.serve.guards.rate import RateBounds
from streams.serve.guards.security_headers import SECURITY_HEADERS
from streams.serve.guards.stack import AccessPolicy
from streams.serve.tokens import AccessTokens
from tests.harness.serve.api import serving
from tests.harness.tracing.memory_recorder import SAMPLED

READ, WRITE = "r" * 20, "w" * 20
OUTSIDE = AccessPolicy(host="0.0.0.0", tokens=AccessTokens([("read", READ), ("write", WRITE)]))
COMMAND = {"segment": "vip", "contacts": ["ada"]}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "path",
    ["/", "/index.html", "/api/v1/segments", "/api/v1/health", "/api/v1/openapi.json", "/api/v1/changes/stream"],
)
async def test_without_a_token_nothing_is_answered(path: str) -> None:
    async with serving(OUTSIDE) as (_, client):
        responses = [await client.get(path), await client.get(path, headers=bearer("x" * 20))]
    assert [each.status_code for each in responses] == [401, 401]
    challenges = responses[0].headers.get_list("WWW-Authenticate")
    assert [each.split()[0] for each in challenges] == ["Bearer", "Basic"], "Chromium reads one scheme of a line"
    assert responses[0].headers["Content-Type"] == "application/problem+json"


async def test_a_script_of_the_console_is_answered_without_a_window_of_the_browser() -> None:
    async with serving(OUTSIDE) as (_, client):
        response = await client.get("/api/v1/segments", headers={"Sec-Fetch-Dest": "empty"})
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="leadstream"')


async def test_a_token_that_reads_does_not_write() -> None:
    async with serving(OUTSIDE) as (api, client):
        read = await client.get("/api/v1/segments", headers=bearer(READ))
        refused = await client.post("/api/v1/segments/add", json=COMMAND, headers=bearer(READ))
        assert not api.writer.lines
        written = await client.post("/api/v1/segments/add", json=COMMAND, headers=bearer(WRITE))
        also_read = await client.get("/api/v1/segments", headers=bearer(WRITE))
        plan = await client.post("/api/v1/definitions/plan", json={}, headers=bearer(READ))
    statuses = [each.status_code for each in (read, refused, written, also_read, plan)]
    assert statuses == [200, 403, 202, 200, 422]


async def test_nothing_of_a_request_but_its_route_is_logged() -> None:
    with structlog.testing.capture_logs() as lines:
        async with serving(OUTSIDE) as (api, client):
            await client.get("/api/v1/contacts/ada?account=default&cursor=zz", headers=bearer(READ))
            await client.get("/api/v1/contacts/secret-person?token=abc", headers={**bearer(READ), "Cookie": "abc"})
            await client.get("/api/v1/contacts/secret-person", headers=bearer("wrong" * 5))
            api.views.error = KeyError("secret-person")
            await client.get("/api/v1/contacts/secret-person", headers=bearer(READ))
    text = json.dumps(lines)
    for secret in (READ, "wrong", "secret-person", "abc", "cursor"):
        assert secret not in text
    assert [(line["event"], line.get("status")) for line in lines] == [
        ("request", 200),
        ("request", 404),
        ("request", 401),
        ("request failed", None),
        ("request", 500),
    ]
    assert lines[0]["route"].endswith("/contacts/{contact}")
    assert lines[3]["error"] == "KeyError"


async def test_the_lines_of_a_request_have_the_id_of_its_trace() -> None:
    traced = {"traceparent": SAMPLED[0][1].decode(), "tracestate": "vendor=secret-person"}
    with structlog.testing.capture_logs() as lines:
        async with serving() as (api, client):
            await client.get("/api/v1/segments", headers=traced)
            api.views.error = KeyError("secret-person")
            await client.get("/api/v1/contacts/ada", headers=traced)
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    assert [(line["event"], line.get("trace_id")) for line in lines] == [
        ("request", trace_id),
        ("request failed", trace_id),
        ("request", trace_id),
    ]
    assert "secret-person" not in json.dumps(lines)


@pytest.mark.parametrize("parent", ["secret-person", f"00-{'0' * 32}-b7ad6b7169203331-01", None])
async def test_a_request_without_a_trace_of_the_right_form_has_no_id_of_one(parent: str | None) -> None:
    with structlog.testing.capture_logs() as lines:
        async with serving() as (_, client):
            await client.get("/api/v1/segments", headers={} if parent is None else {"traceparent": parent})
    [line] = lines
    assert "trace_id" not in line
    assert "secret-person" not in json.dumps(line)


async def test_every_answer_tells_browsers_to_be_strict() -> None:
    async with serving() as (_, client):
        responses = [
            await client.get("/api/v1/segments"),
            await client.get("/nope"),
            await client.get("/api/v1/nope"),
            await client.get("/", headers={"Host": "evil.example"}),
        ]
    assert [each.status_code for each in responses] == [200, 404, 404, 421]
    for response in responses:
        for name, value in SECURITY_HEADERS:
            assert response.headers[name.decode()] == value.decode()
        assert "access-control-allow-origin" not in response.headers
        assert response.headers["Cache-Control"] == "private, no-cache"


async def test_a_preflight_of_another_origin_is_not_allowed_anything() -> None:
    async with serving() as (_, client):
        response = await client.options(
            "/api/v1/segments/add",
            headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
        )
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_a_client_that_asks_too_often_waits_also_when_it_guesses_tokens() -> None:
    policy = AccessPolicy(host="0.0.0.0", tokens=OUTSIDE.tokens, rate=RateBounds(per_second=0.001, burst=2))
    async with serving(policy) as (_, client):
        statuses = [(await client.get("/", headers=bearer("x" * 20))).status_code for _ in range(3)]
        right = await client.get("/api/v1/segments", headers=bearer(READ))
    assert statuses == [401, 401, 429]
    assert right.status_code == 429
    assert int(right.headers["Retry-After"]) > 1


async def test_a_redis_that_is_away_is_told_with_when_to_come_back() -> None:
    async with serving() as (api, client):
        api.views.error = RedisUnavailable("no Redis answers")
        response = await client.get("/api/v1/contacts/ada")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
    assert response.json()["detail"] == "no Redis answers"


async def test_an_error_that_nobody_expected_says_nothing_of_itself() -> None:
    async with serving() as (api, client):
        api.views.error = HTTPException(418, "a secret")
        api.views.error = ValueError("a secret")
        response = await client.get("/api/v1/contacts/ada")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert response.headers["Content-Type"] == "application/problem+json"
