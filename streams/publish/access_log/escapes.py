r"""Undoes the escapes of web servers (`\"`, `\\`, `\n`, `\xC3\xA9`); what they stand for is UTF-8 text."""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ESCAPE_BYTES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"f": b"\f"}


def decode_line(content: bytes) -> str:
    r"""Returns a line of a file as text; a byte that is not UTF-8 becomes its escape, such as `\xe9`."""
    return content.decode("utf-8", "backslashreplace")


def unescape(text: str) -> str:
    r"""Returns the text without escapes; escaped bytes that are not UTF-8 stay escapes, such as `\xe9`."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_escape_bytes, text.encode("utf-8", "surrogatepass")).decode("utf-8", "backslashreplace")


def _escape_bytes(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    if len(escape) == 3:
        return bytes((int(escape[1:], 16),))
    return _ESCAPE_BYTES.get(escape, escape)
