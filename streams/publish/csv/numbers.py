"""Reads numbers as JSON, English or German files write them; what could be two numbers is refused.

| text | without `--decimal` | `--decimal .` | `--decimal ,` |
|---|---|---|---|
| `1234.5` | 1234.5 | 1234.5 | refused |
| `1.234` | refused: 1.234 or 1234? | 1.234 | 1234 |
| `1,234.5` | refused | 1234.5 | refused |
| `1.234,5` | refused | refused | 1234.5 |
"""

from __future__ import annotations

import re
import unicodedata
from math import isfinite
from typing import Literal

from streams.hints import describe_value

DecimalMark = Literal[".", ","]

# Between groups of three digits: what stands for thousands, with the spaces that spreadsheets write.
_GROUP_MARKS = {".": ",'\u2019 \u00a0\u202f", ",": ".'\u2019 \u00a0\u202f"}
_EXPONENT = r"(?P<exponent>[eE][+-]?[0-9]+)?"
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_GROUPED = {
    mark: re.compile(
        rf"(?P<sign>[+\u2212-]?)(?P<whole>0|[1-9][0-9]*|(?={re.escape(mark)}[0-9])"
        rf"|[1-9][0-9]{{0,2}}(?:(?P<group>[{re.escape(groups)}])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*))"
        rf"(?:{re.escape(mark)}(?P<fraction>[0-9]+))?{_EXPONENT}"
    )
    for mark, groups in _GROUP_MARKS.items()
}
_CURRENCY_CODE = re.compile(r"^[A-Z]{3}|[A-Z]{3}$")
_MARKS: tuple[DecimalMark, ...] = (".", ",")
_THREE_DIGITS_BEHIND_A_POINT = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
_MAX_DIGITS = 400
"""The largest double has 309."""


def read_number(text: str, decimal: DecimalMark | None = None) -> int | float:
    """Returns the number, whole ones to the last digit. Raises ValueError with what to type."""
    if decimal is not None:
        number = _read_with(text, decimal)
        if number is None:
            raise ValueError(f"{describe_value(text)} is no number with --decimal {decimal!r}{_unit_hint(text)}")
        return number
    if _THREE_DIGITS_BEHIND_A_POINT.fullmatch(text):
        raise ValueError(
            f"{text!r} may be {_read_with(text, ',')} or {text}: say --decimal ',' for the first, or --decimal '.'"
        )
    if _PLAIN.fullmatch(text):
        return to_number(text)
    meant = [mark for mark in _MARKS if _read_with(text, mark) is not None]
    hint = "; is " + " or ".join(f"--decimal {mark!r}" for mark in meant) + " meant?" if meant else _unit_hint(text)
    raise ValueError(f"{describe_value(text)} is no number such as 50 or 2.5{hint}")


def to_number(text: str, cell: str | None = None) -> int | float:
    """Returns the number of a text in JSON's form. Raises ValueError where a double has no such number.

    Errors quote `cell`, where the file writes the number in another form.
    """
    shown = repr((cell or text)[:40])
    try:
        number = float(text) if any(character in text for character in ".eE") else int(text[: _MAX_DIGITS + 1])
        is_finite = len(text) <= _MAX_DIGITS and isfinite(number)
    except OverflowError:  # a whole number beyond a double
        is_finite = False
    if not is_finite:
        raise ValueError(f"{shown} is beyond the range of numbers; if it is a name, its property has to be text")
    if number == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise ValueError(f"{shown} is nearer to 0 than any number; if it is a name, its property has to be text")
    return number


def _read_with(text: str, decimal: DecimalMark) -> int | float | None:
    """Returns the number with that decimal mark, None for what is none. Raises ValueError beyond a double."""
    match = _GROUPED[decimal].fullmatch(text)
    if match is None:
        return None
    whole = re.sub("[^0-9]", "", match["whole"])
    fraction = f".{match['fraction']}" if match["fraction"] else ""
    sign = "-" if match["sign"] in ("-", "\u2212") else ""  # some languages have a minus that is no hyphen
    return to_number(f"{sign}{whole or 0}{fraction}{match['exponent'] or ''}", text)


def _unit_hint(text: str) -> str:
    """Returns what to do about a number that is shown with a currency or a percent sign; nothing for other texts."""
    number = "".join(each for each in text if each != "%" and unicodedata.category(each) != "Sc")
    number = _CURRENCY_CODE.sub("", number.strip()).strip()
    if number == text or not _is_number(number):
        return ""
    return "; give the column a number format without currency or percent sign, and save again"


def _is_number(text: str) -> bool:
    return any(_GROUPED[mark].fullmatch(text) for mark in _MARKS)
