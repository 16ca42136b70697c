"""Opens CSV files as text: the encoding is that of the file's byte order mark, else the one named, else UTF-8.

A byte that the encoding does not know becomes a lone surrogate, which no valid text has: so one bad byte costs its
row and not the file.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Mapping
from typing import BinaryIO

from streams.errors import DataError, UsageError

DEFAULT_ENCODING = "utf-8"

_UNKNOWN_BYTES = "leadstream.unknown_bytes"
_MARKS = (  # the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_WITH_MARK = ("utf-16", "utf-32")
_PEEKED_BYTES = 64
# Where the first two characters are of Latin letters, as in most files, zeros stand in these places.
_BYTE_ORDERS: Mapping[tuple[bool, ...], str] = {
    (False, True, False, True): "le",
    (False, True, True, True): "le",
    (True, False, True, False): "be",
    (True, True, True, False): "be",
}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx, .ods and .xls begin."""
_WESTERN = frozenset({"iso8859-1", "iso8859-15", "cp1252"})
"""Encodings in which text of UTF-8 is text as well, of letters that stand beside each other nowhere else."""
_LABELS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32",
    "iso8859-1": "Latin-1",
    "ascii": "ASCII",
}
# They change text instead of telling which characters the bytes are, or depend on the machine.
_NO_CHARACTER_SETS = frozenset(
    {"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)
_FIRST_SURROGATE = 0xDC00


def _mark_unknown_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join(chr(_FIRST_SURROGATE + byte) for byte in unknown), error.end


codecs.register_error(_UNKNOWN_BYTES, _mark_unknown_bytes)


def require_encoding(name: str) -> str:
    """Returns the standard name of an encoding that files may have. Raises UsageError."""
    try:
        standard = codecs.lookup(name).name.replace("_", "-")
        "a".encode(name)  # codecs that turn bytes into bytes, or text into text, refuse this
    except (LookupError, UnicodeError):
        standard = ""
    if not standard or standard in _NO_CHARACTER_SETS:
        raise UsageError(f"--encoding: {name!r} is no encoding; there are utf-8, utf-16, latin-1, cp1252 and more")
    return "utf-8" if standard == "utf-8-sig" else standard


def open_text(name: str, stream: BinaryIO, encoding: str | None) -> io.TextIOWrapper:
    """Returns the text of a stream, without a byte order mark; `encoding` is of `require_encoding`.

    Raises DataError where mark or bytes say another encoding, for UTF-16 without mark that nobody named, and for
    workbooks.
    """
    peeked = stream.peek(_PEEKED_BYTES)[:_PEEKED_BYTES]  # type: ignore[attr-defined]  # buffered readers and gzip files
    first_bytes = peeked[:4]
    if first_bytes.startswith(_WORKBOOKS):
        raise DataError(f"{name} is a workbook and no CSV; open it in the spreadsheet and save it as CSV (UTF-8)")
    codec = encoding or DEFAULT_ENCODING
    for mark, codec_of_mark, label in _MARKS:
        if first_bytes.startswith(mark):
            if encoding is not None and not encoding.startswith(label.lower()):
                raise DataError(
                    f"{name} begins with the mark of {label}, and --encoding says {encoding}; leave --encoding out"
                )
            codec = codec_of_mark
            break
    else:
        byte_order = "be" if first_bytes[:1] == b"\0" else "le"
        if codec.startswith(_WITH_MARK):
            _require_wide_text(name, codec, peeked)
        if codec in _WITH_MARK:
            codec = f"{codec}-{byte_order}"  # Python's decoders of these need a mark; the byte order shows without
        elif b"\0" in first_bytes[:2] and not codec.startswith(_WITH_MARK):
            raise DataError(f"{name} is no text in {encoding_label(codec)}; is --encoding utf-16-{byte_order} meant?")
    return io.TextIOWrapper(stream, encoding=codec, errors=_UNKNOWN_BYTES, newline="")


def _require_wide_text(name: str, codec: str, content: bytes) -> None:
    """Raises DataError where the first bytes are surely not UTF-16 or UTF-32 in the byte order of the codec."""
    # Even texts without Latin letters have delimiters and ends of lines, which have zeros.
    if content and b"\0" not in content and content[:4].isascii():
        raise DataError(f"{name} is no text in {encoding_label(codec)}; leave --encoding out")
    byte_order = _BYTE_ORDERS.get(tuple(byte == 0 for byte in content[:4]))
    if codec not in _WITH_MARK and byte_order is not None and not codec.endswith(byte_order):
        raise DataError(f"{name} is no text in {codec}; is --encoding {codec[:-2]}{byte_order} meant?")


def encoding_label(codec: str) -> str:
    """Returns the name of an encoding as people write it."""
    return _LABELS.get(codec, codec)


def unreadable_text(text: str, codec: str) -> str | None:
    """Returns what shows that the text is in another encoding, and what to type; None where nothing does."""
    if text.isascii():
        return None
    for character in text:
        if _FIRST_SURROGATE <= ord(character) <= _FIRST_SURROGATE + 0xFF:
            hint = "; files of Excel often need --encoding cp1252" if codec.startswith("utf-8") else ""
            return f"not {encoding_label(codec)} text: byte 0x{ord(character) - _FIRST_SURROGATE:02x}{hint}"
    if codec in _WESTERN and _is_utf_8(text.encode(codec)):
        return f"read as {encoding_label(codec)}, and it is UTF-8 text; leave --encoding out"
    # Latin-1 has control characters where cp1252, which is often called by that name, has the euro and quotes.
    control = next((each for each in text if "\x80" <= each <= "\x9f"), None) if codec == "iso8859-1" else None
    if control is not None:
        return f"byte 0x{ord(control):02x} is no character of Latin-1; is --encoding cp1252 meant?"
    return None


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
