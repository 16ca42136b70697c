"""Makes a contact's value fit the field of the org that it is written to: its type, its length, its digits."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Any, Literal

from connectors.salesforce.handover.descriptions import FieldDescription
from connectors.salesforce.handover.record_ids import full_record_id
from schemas.values import instant_ms

_SEPARATOR = ";"
"""How Salesforce separates the values of a multi-select picklist."""
_NUMBER = re.compile(r"[+-]?(\d{1,60}(\.\d{0,60})?|\.\d{1,60})([eE][+-]?\d{1,3})?", re.ASCII)
_MAX_DIGITS = 308
"""A JSON number of more digits is none that the org can read."""
_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"]+@[^@\s.,;<>()\[\]\"]+(\.[^@\s.,;<>()\[\]\"]+)+")
_RECORD_ID = re.compile(r"[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?")
_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = date(1700, 1, 1), date(4000, 12, 31)
_JOINERS = frozenset({"\u200d"})
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)


@dataclass(frozen=True, slots=True)
class FieldNote:
    """Says that a value was cut, or left out; the reason never holds the value."""

    field: str
    note: Literal["cut", "left_out"]
    reason: str


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A value as the org takes it; None where there is none, or none that fits."""

    value: str | int | float | bool | None = None
    note: FieldNote | None = None


class _Misfit(Exception):
    """A value that no rule makes fit."""


_Fitted = tuple[str | int | float | bool | None, str | None]
"""The value, and why it was cut."""


def coerce(value: Any, field: FieldDescription, zone: tzinfo = UTC) -> FieldValue:
    """Returns `value` as `field` takes it; days and times of a day are those of `zone`.

    A missing value (null, blank text, an empty list or object) stays one. What cannot be made to fit is left out.
    """
    if is_missing(value):
        return FieldValue()
    fit = _FITS.get(field.type)
    if fit is None:
        return _left_out(field, f"a field of type {field.type} cannot be written")
    try:
        fitted, reason = fit(value, field, zone)
    except _Misfit as misfit:
        return _left_out(field, str(misfit))
    if fitted is None:
        return FieldValue()
    return FieldValue(fitted, None if reason is None else FieldNote(field.name, "cut", reason))


def is_missing(value: Any) -> bool:
    """Whether a property counts as one without a value; false and 0 are values."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, list | dict) and not value)


def can_be_written(field: FieldDescription) -> bool:
    """Whether a value can be made for a field of this type."""
    return field.type in _FITS


def cut(text: str, length: int) -> str:
    """Returns the beginning of `text` that has at most `length` UTF-16 units, which is how Salesforce counts.

    It ends between two characters as people see them: no letter loses its accent, no emoji a part.
    """
    units = 0
    for index, letter in enumerate(text):
        units += 2 if ord(letter) > 0xFFFF else 1
        if units > length:
            return text[: _boundary_before(text, index)].rstrip()
    return text


def _boundary_before(text: str, index: int) -> int:
    while 0 < index < len(text) and _continues(text, index):
        index -= 1
    return index


def _continues(text: str, index: int) -> bool:
    """Whether the letter at `index` belongs to the character that begins before it."""
    letter, before = text[index], text[index - 1]
    if letter in _JOINERS or before in _JOINERS or unicodedata.category(letter).startswith("M"):
        return True
    if ord(letter) in _SKIN_TONES or (letter == "\n" and before == "\r"):
        return True
    if ord(letter) in _FLAG_LETTERS:
        start = index
        while start > 0 and ord(text[start - 1]) in _FLAG_LETTERS:
            start -= 1
        return (index - start) % 2 == 1
    return _is_hangul_part(letter) and _is_hangul(before)


def _is_hangul_part(letter: str) -> bool:
    return 0x1160 <= ord(letter) <= 0x11FF


def _is_hangul(letter: str) -> bool:
    return 0x1100 <= ord(letter) <= 0x11FF or 0xAC00 <= ord(letter) <= 0xD7A3


def _left_out(field: FieldDescription, reason: str) -> FieldValue:
    return FieldValue(None, FieldNote(field.name, "left_out", reason))


# --- text ---


def _plain_text(value: Any) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, int | float | Decimal):
        text = _number_text(value)
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = _SEPARATOR.join(value)
    else:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return _CONTROL_CHARACTERS.sub("", text).strip()


def _number_text(value: float | Decimal) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _fit_text(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    del zone
    text = _plain_text(value)
    if not field.length or _units(text) <= field.length:
        return text or None, None
    shorter = cut(text, field.length)
    if not shorter:
        raise _Misfit(f"longer than {field.length} characters, without a place to cut it")
    return shorter, f"longer than {field.length} characters"


def _units(text: str) -> int:
    return len(text) + sum(1 for letter in text if ord(letter) > 0xFFFF)


def _fit_address(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    """Text of which a part is of no use: a telephone number, a URL."""
    del zone
    text = _single_text(value)
    if field.length and _units(text) > field.length:
        raise _Misfit(f"longer than {field.length} characters")
    return text or None, None


def _fit_email(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    text, _ = _fit_address(value, field, zone)
    if not isinstance(text, str) or _EMAIL.fullmatch(text) is None:
        raise _Misfit("not an e-mail address")
    return text, None


def _single_text(value: Any) -> str:
    if isinstance(value, list | dict | bool):
        raise _Misfit("not a text")
    return _plain_text(value)


def _fit_reference(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    del field, zone
    text = _single_text(value)
    if _RECORD_ID.fullmatch(text) is None:
        raise _Misfit("not the id of a record: 15 or 18 letters and digits")
    full_id = full_record_id(text[:15])
    if len(text) == 18 and text[15:].upper() != full_id[15:]:
        raise _Misfit("not the id of a record: its last three letters do not fit the others")
    return full_id, None


# --- picklists ---


def _fit_picklist(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    text = _plain_text(value)
    known = _picklist_value(text, field)
    if known is not None:
        return known, None
    if field.restricted:
        raise _Misfit("not among the values of the picklist")
    return _fit_text(text, field, zone)


def _picklist_value(text: str, field: FieldDescription) -> str | None:
    if text in field.values:
        return text
    return next((each for each in field.values if each.casefold() == text.casefold()), None)


def _fit_multipicklist(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    del zone
    items = value if isinstance(value, list) else _plain_text(value).split(_SEPARATOR)
    fitted: list[str] = []
    reason = None
    for item in items:
        text = _plain_text(item)
        known = _picklist_value(text, field)
        if known is None and (field.restricted or _SEPARATOR in text):
            reason = "some values are not among those of the picklist"
        elif text and (known or text) not in fitted:
            fitted.append(known or text)
    while field.length and _units(_SEPARATOR.join(fitted)) > field.length:
        fitted.pop()
        reason = f"longer than {field.length} characters"
    if not fitted:
        if reason is None:
            return None, None
        raise _Misfit("not among the values of the picklist")
    return _SEPARATOR.join(fitted), reason


# --- numbers ---


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise _Misfit("not a number")
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER.fullmatch(text) is None:
            raise _Misfit("not a number")
        value = Decimal(text)
    if isinstance(value, int | float | Decimal):
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if number.is_finite() and number.adjusted() < _MAX_DIGITS:
            return number
    raise _Misfit("not a number")


def _fit_number(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    del zone
    number = _decimal(value)
    digits, scale = _bounds(field)
    if digits is not None and number and number.adjusted() >= digits:
        raise _Misfit(f"more than {digits} digits before the decimal point")
    rounded = number if digits is None else number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    if digits is not None and rounded and rounded.adjusted() >= digits:
        raise _Misfit(f"more than {digits} digits before the decimal point")
    if field.type == "int" and not -(2**31) <= rounded < 2**31:
        raise _Misfit("too large for the field")
    reason = None if rounded == number else f"more than {scale} digits after the decimal point"
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded), reason


def _bounds(field: FieldDescription) -> tuple[int | None, int]:
    """The digits before the decimal point (None: no bound, as a double's) and behind it."""
    if field.type in ("int", "long"):
        return field.precision or (10 if field.type == "int" else 19), 0
    return (field.precision - field.scale, field.scale) if field.precision else (None, 0)


def _fit_boolean(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    del field, zone
    if isinstance(value, bool):
        return value, None
    text = _plain_text(value).casefold()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE, None
    raise _Misfit("neither true nor false")


# --- time ---


def _fit_date(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    del field
    moment = _moment(value)
    day = _in_zone(moment, zone).date() if isinstance(moment, datetime) else moment
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise _Misfit("a day that Salesforce does not know")
    return day.isoformat(), None


def _fit_datetime(value: Any, field: FieldDescription, zone: tzinfo) -> _Fitted:
    del field
    moment = _moment(value)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    try:
        instant = _in_zone(moment, zone).astimezone(UTC)
    except OverflowError as error:
        raise _Misfit("a day that Salesforce does not know") from error
    if not _FIRST_DAY <= instant.date() <= _LAST_DAY:
        raise _Misfit("a day that Salesforce does not know")
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z"), None


def _moment(value: Any) -> date | datetime:
    text = _single_text(value) if isinstance(value, str) else ""
    # What conditions take for an instant is one: RFC 3339 also has a small t and z, and leap seconds.
    with suppress(ValueError):
        return _instant(instant_ms(text))
    try:
        return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
    except ValueError as error:
        raise _Misfit("not a date") from error


def _instant(ms: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=ms)
    except OverflowError as error:
        raise _Misfit("a day that Salesforce does not know") from error


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    except OverflowError as error:
        raise _Misfit("a day that Salesforce does not know") from error


_Fit = Callable[[Any, FieldDescription, tzinfo], _Fitted]
_FITS: Mapping[str, _Fit] = MappingProxyType(
    {
        **dict.fromkeys(("string", "textarea", "combobox", "encryptedstring"), _fit_text),
        **dict.fromkeys(("phone", "url"), _fit_address),
        "email": _fit_email,
        "reference": _fit_reference,
        "picklist": _fit_picklist,
        "multipicklist": _fit_multipicklist,
        **dict.fromkeys(("int", "long", "double", "currency", "percent"), _fit_number),
        "boolean": _fit_boolean,
        "date": _fit_date,
        "datetime": _fit_datetime,
    }
)
