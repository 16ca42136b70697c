"""Lines of other servers, proxies and services: a known form is read, others are refused with the option to type."""

from __future__ import annotations

import pytest

from streams.publish.access_log.parser import AccessLogParser

HEAD = "192.0.2.1 - - [01/Mar/2026:09:30:00 +0000]"
REQUEST = '"GET /pricing HTTP/1.1" 200 512'
AT = "2026-03-01T09:30:00.000Z"

READ = {
    "tomcat": f"{HEAD} {REQUEST}",
    "gunicorn": f'{HEAD} {REQUEST} "-" "agent"',
    "varnishncsa": f'{HEAD} "GET http://www.example.com/pricing HTTP/1.1" 200 512 "-" "agent"',
    "ingress-nginx": f'{HEAD} {REQUEST} "-" "agent" 35 0.004 [shop-web-80] [] 10.1.0.7:80 512 0.004 200 4d3c',
}
WITH_A_FORMAT = {
    "lighttpd": (
        f"192.0.2.1 www.example.com - {HEAD.partition('- - ')[2]} {REQUEST}",
        '%h %V %u %t "%r" %>s %b',
    ),
    "envoy": (
        '[2026-03-01T09:30:00.000Z] "GET /pricing HTTP/2" 200 - 0 512 "192.0.2.1" "agent"',
        '[$time_iso8601] "$request" $status $custom_flags $custom_in $bytes_sent "$remote_addr" "$http_user_agent"',
    ),
    "a load balancer of AWS": (
        'https 2026-03-01T09:30:00.000Z shop 192.0.2.1:2817 10.0.0.6:80 200 "GET https://e.example/pricing HTTP/1.1"',
        '$custom_type $time_iso8601 $custom_name $remote_addr:$remote_port $custom_target $status "$request"',
    ),
    "S3": (
        f"79a59df9 shop-bucket [01/Mar/2026:09:30:00 +0000] 192.0.2.1 79a5 3E57 REST.GET.OBJECT pricing {REQUEST}",
        '$custom_a $custom_b [$time_local] $remote_addr $custom_c $custom_d $custom_e $custom_f "$request"'
        " $status $body_bytes_sent",
    ),
    "OpenLiteSpeed": (f'"{HEAD} {REQUEST}"', '"%h %l %u %t "%r" %>s %b"'),
}
REFUSED = {
    "haproxy": (
        "Mar  1 09:30:00 lb haproxy[1]: 192.0.2.1:33317 [01/Mar/2026:09:30:00.655] http-in static/srv1 10/0/30/69/109"
        ' 200 2750 - - ---- 1/1/1/1/0 0/0 {www.example.com} {} "GET /pricing HTTP/1.1"'
    ),
    "IIS": "2026-03-01 09:30:00 10.0.0.5 GET /pricing - 443 - 192.0.2.1 agent - 200 0 0 15",
    "the head of IIS": "#Fields: date time s-ip cs-method cs-uri-stem",
    "CloudFront": "2026-03-01\t09:30:00\tFRA2\t512\t192.0.2.1\tGET\td111.cloudfront.net\t/pricing\t200\t-\tagent",
    "uvicorn": 'INFO:     192.0.2.1:51234 - "GET /pricing HTTP/1.1" 200 OK',
    "squid": "1772357400.123     12 192.0.2.1 TCP_MISS/200 512 GET http://e.example/pricing - HIER_DIRECT/10.0.0.1 -",
    "an error log": '2026/03/01 09:30:00 [error] 12#12: *7 failed, client: 192.0.2.1, request: "GET / HTTP/1.1"',
    "Heroku": 'Mar 01 09:30:00 shop heroku/router: at=info method=GET path="/pricing" fwd="192.0.2.1" status=200',
}


@pytest.mark.parametrize("program", READ)
def test_a_known_form_is_read_whoever_writes_it(program: str) -> None:
    event = AccessLogParser().parse_visit(READ[program])
    assert (event["contact"], event["at"]) == ("192.0.2.1", AT)
    assert event["url"].endswith("/pricing")


@pytest.mark.parametrize("program", WITH_A_FORMAT)
def test_another_form_is_refused_and_following_the_advice_reads_it(program: str) -> None:
    line, log_format = WITH_A_FORMAT[program]
    with pytest.raises(ValueError, match="--log-format"):
        AccessLogParser().parse_visit(line)
    event = AccessLogParser(log_format=log_format).parse_visit(line)
    assert (event["contact"], event["at"], event["properties"]["status"]) == ("192.0.2.1", AT, 200)
    assert event["url"].endswith("/pricing")


@pytest.mark.parametrize("program", REFUSED)
def test_what_no_format_describes_is_refused_and_makes_nobody_a_contact(program: str) -> None:
    with pytest.raises(ValueError, match="not a line of an access log in a form that is known"):
        AccessLogParser().parse_visit(REFUSED[program])


def test_the_log_of_pythons_own_server_has_no_time_zone_and_is_refused_for_that() -> None:
    with pytest.raises(ValueError, match=r"'01/Mar/2026 09:30:00' is not a time such as 17/May/2015:10:05:03 \+0000"):
        AccessLogParser().parse_visit(f"192.0.2.1 - - [01/Mar/2026 09:30:00] {REQUEST}")
