"""Who the client is in a line of the common or combined format: only where the form has a client."""

from __future__ import annotations

import pytest

from streams.publish.access_log.parser import AccessLogParser

REQUEST = '[17/May/2015:10:05:03 +0000] "GET /pricing HTTP/1.1" 200 5120'
COMBINED = REQUEST + ' "-" "Mozilla/5.0"'


@pytest.mark.parametrize(
    ("head", "client", "url"),
    [
        ("192.0.2.1 - -", "192.0.2.1", "/pricing"),
        ("2001:db8::1 - frank", "2001:db8::1", "/pricing"),
        ("client.example.net - -", "client.example.net", "/pricing"),
        ("192.0.2.1 - John Smith", "192.0.2.1", "/pricing"),
        ("www.example.com:443 192.0.2.1 - -", "192.0.2.1", "https://www.example.com/pricing"),
        ("www.example.com:80 2001:db8::1 - frank", "2001:db8::1", "http://www.example.com/pricing"),
        ("www.example.com 192.0.2.1 - -", "192.0.2.1", "//www.example.com/pricing"),
        ("www.example.com:8443 192.0.2.1 - John Smith", "192.0.2.1", "//www.example.com:8443/pricing"),
        ("[2001:db8::80]:443 192.0.2.1 - -", "192.0.2.1", "https://[2001:db8::80]/pricing"),
    ],
)
def test_the_client_comes_from_its_place_in_the_line(head: str, client: str, url: str) -> None:
    for rest in (REQUEST, COMBINED):
        event = AccessLogParser().parse_visit(f"{head} {rest}")
        assert (event["contact"], event["url"]) == (client, url)


@pytest.mark.parametrize(
    "head",
    [
        "203.0.113.7, 10.0.0.1 - -",
        "203.0.113.7,10.0.0.1 - -",
        "203.0.113.7 10.0.0.1 - -",
        "203.0.113.7, 198.51.100.4, 10.0.0.1 - frank",
        "203.0.113.7, 10.0.0.1",
        "10.0.0.2 (203.0.113.7) - -",
        "10.0.0.2 (-) - -",
        "www.example.com 192.0.2.1 -",
        "www.example.com:443 - -",
        "nginx: 192.0.2.1 - -",
        "web1 nginx: 192.0.2.1 - -",
        "unix: - -",
        "192.0.2.1:51234 - -",
        "300.1.1.1 - -",
        "www.example.com - - -",
        "192.0.2.xxx - -",
        "192.0.XXX.XXX - -",
        "192.0.2.* - -",
        "192.0.2.0/24 - -",
        "192.0.2.1 www.example.com -",  # as lighttpd writes it
        "www.example.com:443 203.0.113.7, 10.0.0.1 - -",
        "www.example.com:443 192.0.2.xxx - -",
        "shop 192.0.2.1 - -",
        "*:80 192.0.2.1 - -",
        "access.log:192.0.2.1 - -",
        "web-1 nginx 192.0.2.1 - -",
        "2026-03-01 09:30:00 192.0.2.1 - -",
        "Mar  1 2026 09:30:00 web1 nginx: 192.0.2.1 - -",
        "<13>Mar  1 09:30:00 10.0.0.9 192.0.2.1 - -",
        "www.example.com client.example.net -",
        "10.0.0.2 - 203.0.113.7",
        "www.example.com 10.0.0.2 - 203.0.113.7",
        "192.0.2.1 -",
    ],
)
def test_a_line_is_refused_where_it_is_not_clear_who_the_client_is(head: str) -> None:
    with pytest.raises(ValueError, match="does not say clearly who the client is; --log-format does"):
        AccessLogParser().parse_visit(f"{head} {COMBINED}")


@pytest.mark.parametrize("head", ["- - -", "- 192.0.2.1 - -"])
def test_a_line_without_a_client_is_refused(head: str) -> None:
    with pytest.raises(ValueError, match="does not say who the client is"):
        AccessLogParser().parse_visit(f"{head} {COMBINED}")


def test_the_user_can_be_the_contact() -> None:
    parser = AccessLogParser(field_names={"client": "remote_user"})
    assert parser.parse_visit(f"192.0.2.1 - frank {COMBINED}")["contact"] == "frank"
    assert parser.parse_visit(f"www.example.com 192.0.2.1 - jos\\xC3\\xA9 {COMBINED}")["contact"] == "josé"
    with pytest.raises(ValueError, match="does not say who the client is"):
        parser.parse_visit(f"192.0.2.1 - - {COMBINED}")


def test_a_field_that_the_combined_format_does_not_have_is_refused_by_line() -> None:
    parser = AccessLogParser(field_names={"client": "X-Forwarded-For"})
    with pytest.raises(ValueError, match="no field that is known as X-Forwarded-For; --log-format says"):
        parser.parse_visit(f"192.0.2.1 - - {COMBINED}")


@pytest.mark.parametrize(
    ("end", "referrer", "agent"),
    [
        (' "https://a.example/" "Mozilla/5.0 (cut off', "https://a.example/", "Mozilla/5.0 (cut off"),
        (' "https://a.example/" "Mozilla/5.0\\', "https://a.example/", "Mozilla/5.0"),
        (' "https://a.example/" "Mozilla/5.0" "198.51.100.1" 0.012', "https://a.example/", "Mozilla/5.0"),
        (' "https://a.exam', None, None),
        (" 0.003", None, None),
    ],
)
def test_a_line_that_is_cut_off_or_has_more_fields_is_a_visit(
    end: str, referrer: str | None, agent: str | None
) -> None:
    event = AccessLogParser().parse_visit(f"192.0.2.1 - - {REQUEST}{end}")
    assert (event.get("referrer"), event["properties"].get("agent")) == (referrer, agent)


@pytest.mark.parametrize("end", [' "-" "an "unescaped" agent"', ' "a"b" "Mozilla/5.0"'])
def test_quotes_that_do_not_fit_are_refused(end: str) -> None:
    with pytest.raises(ValueError, match="quotes around referrer and agent"):
        AccessLogParser().parse_visit(f"192.0.2.1 - - {REQUEST}{end}")


@pytest.mark.parametrize(
    "prefix",
    [
        "Mar  1 09:30:00 web1 nginx: ",
        "Mar 11 09:30:00 web1.example.com nginx[812]: ",
        "<190>Mar  1 09:30:00 nginx: ",
        "<190>1 2026-03-01T09:30:00Z web1 nginx 812 - - ",
        '<190>1 - web1 nginx - ID47 [a@1 b="\\"]"][c d="e"] ',
        "2026-03-01T09:30:00.123456+01:00 web1 apache2[1]: ",
        "2026-03-01T09:30:00.123456789Z ",
        "2026-03-01T09:30:00.123456789Z stderr P ",
        "web-1  | ",
        "shop_web.1.abc | 2026-03-01T09:30:00.123456789Z ",
        "shop_web.1.abc@node-1    | ",
        "\x1b[36mweb-1  | \x1b[0m",
        "\x1b[36;1mweb-1  |\x1b[0m ",
        "nginx-proxy | nginx.1     | ",
        "[pod/web-7d9c-x2/nginx] ",
        "[pod/web-7d9c-x2/nginx] 2026-03-01T09:30:00.123456789Z ",
    ],
)
def test_what_a_log_collector_puts_before_a_line_is_taken_off(prefix: str) -> None:
    for head in ("192.0.2.1 - -", "www.example.com:443 192.0.2.1 - -", "2001:db8::1 - -"):
        event = AccessLogParser().parse_visit(f"{prefix}{head} {COMBINED}")
        assert event["contact"] == head.split()[-3]
        assert event["at"] == "2015-05-17T10:05:03.000Z"
