"""The same four requests as each server and log collector writes them: each log says the same visits."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from streams.publish.access_log.parser import AccessLogParser
from streams.publish.lines import EventLine, parse_access_log, read_lines
from tests.harness.project_files import PROJECT_ROOT

LOGS = PROJECT_ROOT / "tests" / "fixtures" / "access_logs"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
VISITS = [
    ("192.0.2.10", "2026-03-01T09:30:00.000Z", "GET", "/pricing?plan=pro", 200, 5120),
    ("2001:db8::7", "2026-03-01T09:30:01.000Z", "POST", "/form", 302, 0),
    ("192.0.2.10", "2026-03-01T09:30:02.000Z", "GET", "/café", 200, 812),
    ("198.51.100.23", "2026-03-01T09:30:03.000Z", "GET", "/missing", 404, 153),
]
PAGES = [
    ("https://search.example/?q=leads", FIREFOX),
    (None, "curl/8.5.0"),
    ("https://www.example.com/pricing?plan=pro", 'Agent "quoted" 1.0'),
    (None, FIREFOX),
]
NGINX_MAIN = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
    ' "$http_referer" "$http_user_agent" "$http_x_forwarded_for"'
)
LIST_IN_FRONT = '%{X-Forwarded-For}i %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'
OWN_FORMAT = '%v %a %{%Y-%m-%dT%H:%M:%S%z}t "%r" %>s %B %D "%{Referer}i" "%{User-Agent}i" session-of-%{uid}C'
WITH_PAGES = [
    "combined-apache.log",
    "combined-nginx.log",
    "virtual-host-apache.log",
    "traefik-common.log",
    "syslog-file.log",
    "syslog-rsyslog.log",
    "syslog-rfc3164.log",
    "syslog-rfc5424.log",
    "docker-json-file.log",
    "docker-compose.log",
    "docker-timestamps.log",
    "kubernetes.log",
    "nginx-json.log",
    "nginx-json-default-escapes.log",
    "caddy.log",
    "traefik-json.log",
]


def events(name: str, **options: Any) -> list[dict[str, Any]]:
    """The events of a log of the fixtures; each of its lines is one."""
    items = list(parse_access_log(read_lines([str(LOGS / name)], lambda _: None), AccessLogParser(**options)))
    assert all(isinstance(item, EventLine) for item in items), items
    return [msgspec.json.decode(item.event.value) for item in items if isinstance(item, EventLine)]


def visits(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Client, time, method, address without its host, status and bytes of each event."""
    rows = []
    for event in found:
        url, properties = urlsplit(event["url"]), event["properties"]
        path = url.path + (f"?{url.query}" if url.query else "")
        rows.append(
            (event["contact"], event["at"], properties["method"], path, properties["status"], properties["bytes"])
        )
    return rows


def pages(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Referrer and agent of each event."""
    return [(event.get("referrer"), event["properties"].get("agent")) for event in found]


@pytest.mark.parametrize("name", WITH_PAGES)
def test_a_log_is_read_without_being_told_its_form(name: str) -> None:
    found = events(name)
    assert visits(found) == VISITS
    assert pages(found) == PAGES


def test_a_log_in_the_common_format_has_neither_referrer_nor_agent() -> None:
    found = events("common.log")
    assert visits(found) == VISITS
    assert pages(found) == [(None, None)] * 4


def test_every_log_of_the_fixtures_is_read_by_a_test() -> None:
    with_format = {"nginx-main-behind-proxy.log", "apache-list-in-front.log", "apache-vhost-times.log"}
    assert {path.name for path in LOGS.iterdir()} == {*WITH_PAGES, *with_format, "common.log"}


def test_behind_a_proxy_the_client_field_names_the_visitor() -> None:
    name = "nginx-main-behind-proxy.log"
    assert {event["contact"] for event in events(name)} == {"10.0.0.2"}
    for field in ("X-Forwarded-For", "http_x_forwarded_for", "$http_x_forwarded_for", "%{X-Forwarded-For}i"):
        found = events(name, log_format=NGINX_MAIN, field_names={"client": field})
        assert visits(found) == VISITS
        assert pages(found) == PAGES


def test_a_list_of_addresses_in_front_is_read_by_its_format_and_the_first_is_the_client() -> None:
    found = events("apache-list-in-front.log", log_format=LIST_IN_FRONT)
    assert visits(found) == VISITS
    assert pages(found) == PAGES


def test_a_format_of_ones_own_is_read_in_the_notation_of_apache() -> None:
    found = events("apache-vhost-times.log", log_format=OWN_FORMAT)
    assert visits(found) == VISITS
    assert pages(found) == PAGES
    assert {urlsplit(event["url"]).hostname for event in found} == {"www.example.com"}


def test_a_cookie_can_be_the_contact() -> None:
    found = events("apache-vhost-times.log", log_format=OWN_FORMAT, field_names={"client": "%{uid}C"})
    assert [event["contact"] for event in found] == ["ann", "bob", "ann", "cara"]


def test_the_virtual_host_becomes_the_host_of_the_address() -> None:
    assert {event["url"] for event in events("virtual-host-apache.log")} >= {"https://www.example.com/form"}
    assert {event["url"] for event in events("traefik-json.log")} >= {"https://www.example.com/form"}
    # Caddy's log says neither the scheme nor a port.
    assert {event["url"] for event in events("caddy.log")} >= {"//www.example.com/form"}
