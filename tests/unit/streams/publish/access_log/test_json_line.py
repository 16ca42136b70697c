"""Lines of JSON: the fields by the names that servers give them, or that the user names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.errors import UsageError
from streams.publish.access_log.parser import AccessLogParser
from streams.publish.access_log.roles import parse_role_pairs

NGINX = {"time": "2026-03-01T10:30:00+01:00", "remote_addr": "192.0.2.1", "request": "GET /pricing HTTP/2.0"}
CADDY: dict[str, Any] = {
    "ts": 1772357400.5,
    "request": {
        "remote_ip": "10.0.0.2",
        "client_ip": "192.0.2.1",
        "method": "GET",
        "uri": "/pricing",
        "headers": {"X-Forwarded-For": ["203.0.113.7, 10.0.0.1"], "X-User": ["ann"]},
    },
}
TRAEFIK = {"ClientAddr": "192.0.2.1:51234", "StartUTC": "2026-03-01T09:30:00Z", "RequestPath": "/pricing"}


def parse(fields: dict[str, Any], *pairs: str) -> dict[str, Any]:
    return AccessLogParser(field_names=parse_role_pairs(pairs)).parse_visit(json.dumps(fields))


@pytest.mark.parametrize("fields", [NGINX, CADDY, TRAEFIK])
def test_who_visited_what_is_read_from_the_names_of_each_server(fields: dict[str, Any]) -> None:
    event = parse(fields)
    assert (event["contact"], event["url"]) == ("192.0.2.1", "/pricing")


@pytest.mark.parametrize(
    ("fields", "field", "client"),
    [
        (CADDY, "X-Forwarded-For", "203.0.113.7"),
        (CADDY, "request.headers.X-Forwarded-For", "203.0.113.7"),
        (CADDY, "request.remote_ip", "10.0.0.2"),
        (CADDY, "X-User", "ann"),
        (NGINX | {"http_x_forwarded_for": "2001:db8::7, 10.0.0.1"}, "X-Forwarded-For", "2001:db8::7"),
        (NGINX | {"cookie_uid": "u-17"}, "uid", "u-17"),
        (NGINX | {"user": "josé, esq."}, "user", "josé, esq."),
        (TRAEFIK | {"request_X-Real-Ip": "203.0.113.7"}, "X-Real-Ip", "203.0.113.7"),
    ],
)
def test_the_client_field_names_the_contact(fields: dict[str, Any], field: str, client: str) -> None:
    assert parse(fields, f"client={field}")["contact"] == client


def test_every_role_can_have_a_field_of_the_users_own() -> None:
    fields = {
        "who": "192.0.2.1",
        "when": 1772357400,
        "did": "post",
        "what": {"path": "/form"},
        "from": "/",
        "by": "x",
    }
    names = ["client=who", "time=when", "method=did", "url=what.path", "referrer=from", "agent=by"]
    event = parse(fields, *names)
    event.pop("id")
    assert event == {
        "type": "web.visited",
        "at": "2026-03-01T09:30:00.000Z",
        "contact": "192.0.2.1",
        "url": "/form",
        "referrer": "/",
        "properties": {"method": "POST", "agent": "x"},
    }


def test_the_escapes_of_json_and_those_of_a_server_within_it_are_decoded() -> None:
    text = r'{"msec":1772357400,"remote_addr":"192.0.2.1","request":"GET /%s HTTP/1.1","http_user_agent":"%s"}'
    for path, agent in ((r"caf\u00e9", r"a \"quoted\" \\ agent"), (r"caf\xC3\xA9", r"a \x22quoted\x22 \x5C agent")):
        event = AccessLogParser().parse_visit(text % (path, agent))
        assert (event["url"], event["properties"]["agent"]) == ("/café", 'a "quoted" \\ agent')
    mixed = AccessLogParser().parse_visit(text % (r"caf\xe9\xC3\xA9", r"C:\\x41 \"q\" \x22"))
    assert (mixed["url"], mixed["properties"]["agent"]) == (r"/caf\xe9é", r'C:\x41 "q" "')
    written_out = AccessLogParser().parse_visit(text % (r"caf\\xC3\\xA9", "x"))
    assert written_out["url"] == r"/caf\xC3\xA9"


def test_a_path_and_a_query_are_one_address() -> None:
    fields = {"time": NGINX["time"], "remote_addr": "192.0.2.1", "uri": "/pricing"}
    assert parse(fields | {"args": "plan=pro"})["url"] == "/pricing?plan=pro"
    assert parse(fields | {"query_string": ""})["url"] == "/pricing"
    assert parse(fields | {"request": "/form?x=1"})["url"] == "/form?x=1"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"a": 1, "b": 2},
            "no field of the line is known as the client; --client-field names one; its fields are a, b",
        ),
        ({}, "its fields are none"),
        (
            {
                "httpRequest": {"remoteIp": "192.0.2.1", "status": 200},
                "labels": {},
                "a": {"b": {"c": {"d": {"e": 1}}}},
            },
            "its fields are httpRequest.remoteIp, httpRequest.status, labels, a.b.c.d$",
        ),
        ({f"f{number}": {"x": 1} for number in range(40)}, "f10.x, f11.x$"),
        ({"remote_addr": "192.0.2.1"}, "the line has no time; --log-field time=FIELD names the field"),
        ({"remote_addr": "192.0.2.1", "ts": 1, "page": "/"}, "--log-field url=FIELD names the field of it"),
        (NGINX | {"remote_addr": "-"}, "does not say who the client is"),
        (NGINX | {"remote_addr": "unix:"}, "'unix:' is no address of a client"),
        (NGINX | {"remote_addr": 7}, "the field remote_addr is no text"),
        (NGINX | {"time": "2026-03-01T10:30:00"}, "is not a time"),
        (NGINX | {"time": [[]]}, "is not a time"),
        ({"remote_addr": "192.0.2.1", "request": "GET / HTTP/1.1"}, "the line has no time"),
        (NGINX | {"request": ""}, "names no address"),
        (NGINX | {"request": "\x16\x03\x01"}, "names no address"),
        (NGINX | {"request": None}, "names no address"),
        (NGINX | {"status": "ok"}, "'ok' is no status"),
        (NGINX | {"status": 1.5}, "'1.5' is no status"),
        (NGINX | {"body_bytes_sent": -1}, "'-1' is no number of bytes"),
        (NGINX | {"request": "GET /" + "x" * 20_000 + " HTTP/1.1"}, "an address of 20,001 characters"),
    ],
)
def test_an_object_that_is_no_visit_says_why(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(fields)


@pytest.mark.parametrize("line", ["{", '{"a":', "{} {}", '{"a":' + "[" * 100_000, '{"a":' + "1" * 5_000 + "}"])
def test_a_line_that_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"not a JSON object|no field of the line"):
        AccessLogParser().parse_visit(line)


@pytest.mark.parametrize("value", ["", "-", "x" * 256, "a\nb"])
def test_what_can_be_no_id_of_a_contact_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"who the client is|too long for a contact|control characters"):
        parse(NGINX | {"cookie_uid": value}, "client=uid")


def test_a_missing_client_field_is_named() -> None:
    with pytest.raises(ValueError, match="the line has no field X-User; its fields are time, remote_addr, request"):
        parse(NGINX, "client=X-User")


def test_the_names_that_a_refusal_lists_are_those_that_options_take() -> None:
    fields = {
        "httpRequest": {"remoteIp": "192.0.2.1", "requestUrl": "https://e.example/a"},
        "timestamp": NGINX["time"],
    }
    with pytest.raises(
        ValueError, match=r"its fields are httpRequest\.remoteIp, httpRequest\.requestUrl, timestamp$"
    ):
        parse(fields)
    event = parse(fields, "client=httpRequest.remoteIp", "url=httpRequest.requestUrl")
    assert (event["contact"], event["url"]) == ("192.0.2.1", "https://e.example/a")


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("when", "is not ROLE=FIELD"),
        ("time=", "is not ROLE=FIELD"),
        ("tiem=when", "did you mean time?"),
    ],
)
def test_a_role_that_there_is_not_is_refused(pair: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        parse_role_pairs([pair])


def test_two_fields_for_one_role_are_refused() -> None:
    with pytest.raises(UsageError, match="two fields are named for time"):
        parse_role_pairs(["time=a", "time=b"])


@pytest.mark.parametrize("name", ["Forwarded", "http_forwarded"])
def test_a_header_with_more_than_addresses_is_refused_as_the_client(name: str) -> None:
    with pytest.raises(UsageError, match="Forwarded has more than addresses"):
        AccessLogParser(field_names={"client": name})
