"""Conversion of the values of a request to the types of the fields, with the refusals of the real service."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.schema import NUMBER_TYPES, TEXT_TYPES, SObjectField
from connectors.salesforce_sandbox.records.store import format_timestamp

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?")
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
_MAX_INT = 2**31 - 1


def convert_value(field: SObjectField, value: Any) -> Any:
    """Returns the value as the field holds it; text is trimmed and empty text is no value. Raises ApiError."""
    if value is None:
        if field.type == "boolean":
            raise _parser_error(field, "VALUE_NULL", "null")
        return None
    if field.type in TEXT_TYPES:
        return _convert_text(field, value)
    return _CONVERSIONS[field.type](field, value)


def _convert_text(field: SObjectField, value: Any) -> str | None:
    # A number or a truth value is taken as its text.
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = text.strip()
    if not text:
        return None
    if field.length and len(text) > field.length:
        raise ApiError(
            "STRING_TOO_LONG",
            f"{field.display_label}: data value too large: {text[:255]} (max length={field.length})",
            [field.name],
        )
    if field.type == "email" and not _EMAIL.fullmatch(text):
        message = f"{field.display_label}: invalid email address: {text}"
        raise ApiError("INVALID_EMAIL_ADDRESS", message, [field.name])
    if field.restricted:
        return _pick(field, text)
    return text


def _pick(field: SObjectField, text: str) -> str:
    """Returns the text in the spelling of the picklist, whose values are compared whatever their case."""
    values = {value.casefold(): value for value in field.picklist}
    parts = text.split(";") if field.type == "multipicklist" else [text]
    for part in parts:
        if part.strip().casefold() not in values:
            raise ApiError(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{field.display_label}: bad value for restricted picklist field: {part.strip()}",
                [field.name],
            )
    return ";".join(values[part.strip().casefold()] for part in parts)


def _convert_reference(field: SObjectField, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _parser_error(field, _token(value), str(value))
    if not value:
        return None
    if not _ID.fullmatch(value):
        raise ApiError("MALFORMED_ID", f"{field.display_label}: id value of incorrect type: {value}", [field.name])
    return ids.to_18(value)


def _convert_boolean(field: SObjectField, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _parser_error(field, _token(value), str(value))
    return value


def _convert_number(field: SObjectField, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _parser_error(field, _token(value), str(value))
    if field.type == "int" and (isinstance(value, float) or abs(value) > _MAX_INT):
        raise _parser_error(field, _token(value), str(value))
    number = Decimal(str(value))
    if field.precision:
        if abs(number) >= Decimal(10) ** (field.precision - field.scale):
            raise ApiError(
                "NUMBER_OUTSIDE_VALID_RANGE",
                f"{field.display_label}: value outside of valid range on numeric field: {value}",
                [field.name],
            )
        number = number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)
    return int(number) if field.type == "int" else float(number)


def _convert_date(field: SObjectField, value: Any) -> str:
    try:
        day = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value).date()
    except (TypeError, ValueError) as error:
        raise _parser_error(field, _token(value), str(value)) from error
    _check_year(field, day)
    return day.isoformat()


def _convert_datetime(field: SObjectField, value: Any) -> str:
    try:
        instant = datetime.fromisoformat(value if "T" in value or len(value) == 10 else "")
    except (TypeError, ValueError) as error:
        raise _parser_error(field, _token(value), str(value)) from error
    _check_year(field, instant.date())
    return format_timestamp(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _check_year(field: SObjectField, day: date) -> None:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        message = f"{field.display_label}: invalid date: {_weekday(day)} {day:%b %d} 00:00:00 GMT {day.year}"
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", message, [field.name])


def _weekday(day: date) -> str:
    """Returns the day of the week as Java has it: days before October 15, 1582 are those of the Julian calendar."""
    if day >= date(1582, 10, 15):
        return f"{day:%a}"
    # The number of the day in the Julian calendar, whose years begin with March here; day 0 was a Monday.
    from_march = (day.month + 9) % 12
    year = day.year + 4800 - (day.month < 3)
    number = day.day + (153 * from_march + 2) // 5 + 365 * year + year // 4 - 32083
    return ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[number % 7]


def _parser_error(field: SObjectField, token: str, value: str) -> ApiError:
    return ApiError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {token} value {value} or request may be missing a "
        "required field at [line:1, column:1]",
        None,
    )


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return "VALUE_TRUE" if value else "VALUE_FALSE"
    if isinstance(value, int):
        return "VALUE_NUMBER_INT"
    return "VALUE_NUMBER_FLOAT" if isinstance(value, float) else "VALUE_STRING"


_CONVERSIONS: dict[str, Callable[[SObjectField, Any], Any]] = {
    "reference": _convert_reference,
    "boolean": _convert_boolean,
    "date": _convert_date,
    "datetime": _convert_datetime,
    **dict.fromkeys(NUMBER_TYPES, _convert_number),
}
