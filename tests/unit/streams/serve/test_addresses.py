"""Addresses in headers and URLs."""

from __future__ import annotations

import pytest

from streams.serve.addresses import host_name, url_host


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("127.0.0.1:8800", "127.0.0.1"),
        ("LOCALHOST", "localhost"),
        ("[::1]:8800", "::1"),
        ("[::1]", "::1"),
        ("evil.example:80", "evil.example"),
        ("127.0.0.1.evil.example", "127.0.0.1.evil.example"),
        ("", ""),
    ],
)
def test_a_host_header_names_a_host(header: str, name: str) -> None:
    assert host_name(header) == name


def test_an_address_of_version_6_stands_in_brackets() -> None:
    assert [url_host("::1"), url_host("127.0.0.1")] == ["[::1]", "127.0.0.1"]
