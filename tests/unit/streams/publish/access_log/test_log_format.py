"""A log format in the notation of nginx or Apache: its fields, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from streams.errors import UsageError
from streams.publish.access_log.parser import AccessLogParser

NGINX = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
APACHE = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'
LINE = (
    '192.0.2.7 - frank [17/May/2015:12:05:03 +0200] "GET /pricing?plan=pro HTTP/1.1" 200 5120'
    ' "https://search.example/?q=leads" "Mozilla/5.0 (X11; Linux)"'
)


def parse(line: str, log_format: str, client: str | None = None) -> dict[str, Any]:
    parser = AccessLogParser(log_format=log_format, field_names=None if client is None else {"client": client})
    return parser.parse_visit(line)


@pytest.mark.parametrize(
    "log_format",
    [
        NGINX,
        APACHE,
        APACHE.replace('"', r"\""),
        NGINX.replace("$remote_addr", "${remote_addr}"),
        APACHE.replace("%h", "%a").replace("%>s", "%!500>s"),
    ],
)
def test_the_combined_format_in_either_notation_is_that_which_is_read_without_one(log_format: str) -> None:
    assert parse(LINE, log_format) == AccessLogParser().parse_visit(LINE)


@pytest.mark.parametrize(
    ("log_format", "line", "url"),
    [
        ("%a %t %m %U%q %H", "192.0.2.7 [17/May/2015:10:05:03 +0000] GET /a?b=1 HTTP/1.1", "/a?b=1"),
        ("%a %t %m %U %q", "192.0.2.7 [17/May/2015:10:05:03 +0000] GET /a ?b=1", "/a?b=1"),
        ("%{msec}t %h %m %U", "1431857103000 192.0.2.7 GET /a", "/a"),
        ("$msec|$remote_addr|$request_method|$uri$is_args$args|", "1431857103.000|192.0.2.7|GET|/a?b=1|", "/a?b=1"),
        (
            "$time_iso8601\t$remote_addr\t$request_method\t$request_uri",
            "2015-05-17T10:05:03+00:00\t192.0.2.7\tGET\t/a",
            "/a",
        ),
        (
            r"$time_iso8601\t$remote_addr\t$request_method\t$uri",
            "2015-05-17T10:05:03+00:00\t192.0.2.7\tGET\t/a",
            "/a",
        ),
        (
            '%v:%p %h %l %u %t "%r" %>s %O',
            'w.example.com:443 192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/2" 200 9',
            "https://w.example.com/a",
        ),
        (
            '$host $remote_addr [$time_local] $scheme "$request"',
            'w.example.com 192.0.2.7 [17/May/2015:10:05:03 +0000] https "GET /a HTTP/2"',
            "https://w.example.com/a",
        ),
        ('100%% %h %t "%r" %D%%', '100% 192.0.2.7 [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.0" 12%', "/a"),
    ],
)
def test_who_visited_what_and_when_is_read_from_the_fields(log_format: str, line: str, url: str) -> None:
    event = parse(line, log_format)
    assert (event["contact"], event["at"], event["url"]) == ("192.0.2.7", "2015-05-17T10:05:03.000Z", url)
    assert event["properties"]["method"] == "GET"


@pytest.mark.parametrize(
    ("client", "contact"),
    [
        (None, "10.0.0.2"),
        ("X-Forwarded-For", "203.0.113.7"),
        ("http_x_forwarded_for", "203.0.113.7"),
        ("cookie_uid", "u-17"),
        ("uid", "u-17"),
        ("remote_user", "frank"),
    ],
)
def test_the_client_field_chooses_who_the_contact_is(client: str | None, contact: str) -> None:
    log_format = NGINX + ' "$http_x_forwarded_for" uid=$cookie_uid'
    line = LINE.replace("192.0.2.7", "10.0.0.2") + ' "203.0.113.7, 198.51.100.4" uid=u-17'
    assert parse(line, log_format, client)["contact"] == contact


@pytest.mark.parametrize(
    ("value", "contact"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.0.0.1", "203.0.113.7"),
        ("203.0.113.7:51234,10.0.0.1:80", "203.0.113.7"),
        ("[2001:db8::7]:51234", "2001:db8::7"),
        ("2001:db8::7, 10.0.0.1", "2001:db8::7"),
    ],
)
def test_of_a_list_of_addresses_the_first_is_the_client(value: str, contact: str) -> None:
    for log_format in (
        NGINX.replace("$remote_addr", "$http_x_forwarded_for"),
        APACHE.replace("%h", "%{X-Forwarded-For}i"),
    ):
        assert parse(LINE.replace("192.0.2.7", value), log_format)["contact"] == contact


@pytest.mark.parametrize("host", ["www.example.com", "www.example.com:443", "10.0.0.1"])
def test_what_stands_before_the_client_of_another_format_is_no_client(host: str) -> None:
    with pytest.raises(ValueError, match="an address stands where it has remote_ident"):
        parse(f"{host} {LINE}", APACHE)


@pytest.mark.parametrize("value", ["unknown", "_hidden", "for=203.0.113.7;proto=https", "300.0.0.1"])
def test_a_client_that_is_no_address_is_refused_by_line(value: str) -> None:
    with pytest.raises(ValueError, match="is no address of a client"):
        parse(LINE.replace("192.0.2.7", value), NGINX)


@pytest.mark.parametrize(
    ("log_format", "message"),
    [
        (NGINX.replace("$status", "$statsu"), "nginx has no variable $statsu - did you mean status?"),
        (
            NGINX.replace("$status", "$geo"),
            "no variable $geo; write a variable of your own configuration as $custom_NAME",
        ),
        (APACHE.replace("%>s", "%Z"), "Apache has no part %Z"),
        (APACHE.replace("%>s", "%{x}s"), "Apache has no part %{x}s"),
        (APACHE.replace("%t", "%{%H:%M}t"), "times as %{%H:%M}t writes them are not read"),
        (APACHE + " 5%", "'%' is no field"),
        (NGINX + " $", "'$' is no field"),
        ("$remote_addr$host [$time_local] $request", "nothing stands between remote_addr and host"),
        ('%l %u %t "%r"', "it has no client, such as $remote_addr or %h"),
        ('%h %l %u "%r"', "it has no time, such as $time_local or %t"),
        ("%h %t %>s", "it has no address that was visited"),
        ('{"time":"$time_iso8601"}', "lines of JSON need none"),
        ("combined", "lines in the format 'combined' are read without this option"),
        ("vhost_combined", "lines in the format 'vhost_combined' are read without this option"),
        ("main", "'main' names no field, such as $remote_addr or %h"),
        (f"log_format main '{NGINX}';", "the format alone, without the words around it"),
        (
            "log_format main '$remote_addr [$time_local] '\n '\"$request\"';",
            "what stands in several quotes is one text",
        ),
        (f'LogFormat "{APACHE}" combined', "the format alone, without the words around it"),
    ],
)
def test_what_a_format_has_and_no_server_writes_is_refused_by_name(log_format: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        AccessLogParser(log_format=log_format)
    assert message in str(error.value)


def test_the_format_of_lighttpd_has_the_site_behind_the_client() -> None:
    line = LINE.replace("- frank", "www.example.com -")
    event = parse(line, APACHE.replace("%l", "%V"))
    assert (event["contact"], event["url"]) == ("192.0.2.7", "//www.example.com/pricing?plan=pro")


def test_a_field_that_the_format_does_not_have_is_refused_before_any_line() -> None:
    with pytest.raises(
        UsageError, match="--client-field: the format has no X-Forwarded-For; it has body_bytes_sent,"
    ):
        AccessLogParser(log_format=NGINX, field_names={"client": "X-Forwarded-For"})
    with pytest.raises(UsageError, match="--log-field agent: the format has no X-Agent"):
        AccessLogParser(log_format=NGINX, field_names={"agent": "X-Agent"})


def test_a_variable_of_ones_own_is_passed_over_and_can_be_the_contact() -> None:
    log_format, line = NGINX + " $custom_visitor", LINE + " ann"
    assert parse(line, log_format)["contact"] == "192.0.2.7"
    assert parse(line, log_format, client="visitor")["contact"] == "ann"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hello", "no ' - ' ends its remote_addr"),
        (LINE.replace('"GET', "GET"), "no '] \"' ends its time_local"),
        (LINE + ' "more"', "more follows its http_user_agent"),
        (LINE[:70], "no '\" ' ends its request"),
    ],
)
def test_a_line_that_does_not_have_the_form_says_where(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match="does not fit --log-format") as error:
        parse(line, NGINX)
    assert reason in str(error.value)


def test_a_line_that_is_cut_off_after_what_a_visit_needs_is_one() -> None:
    assert parse(LINE[:-10], NGINX)["properties"]["agent"] == "Mozilla/5.0 (X1"
    assert parse(LINE[:-10], NGINX + ' "$http_x_forwarded_for"')["properties"]["agent"] == "Mozilla/5.0 (X1"


def test_an_escaped_quote_does_not_end_a_field() -> None:
    for escaped, text in ((r"a \"quoted\" \" \" agent", 'a "quoted" " " agent'), ("ends in \\\\", "ends in \\")):
        line = LINE.replace("Mozilla/5.0 (X11; Linux)", escaped)
        assert parse(line, NGINX)["properties"]["agent"] == text


def test_a_line_with_a_prefix_of_a_collector_has_the_form_without_it() -> None:
    for prefix in ("Mar  1 09:30:00 web1 nginx: ", "web-1  | ", "2026-03-01T09:30:00.123456789Z "):
        assert parse(prefix + LINE, NGINX)["contact"] == "192.0.2.7"
    first_time = "$time_iso8601 $remote_addr $request_method $request_uri"
    assert parse("2015-05-17T10:05:03Z 192.0.2.7 GET /a", first_time)["at"] == "2015-05-17T10:05:03.000Z"
