"""Turns cells into values: the fields of an event and properties of each type.

What a spreadsheet has damaged (an error, a long number that it shortened) is refused, and so is what could mean two
things; the reason says what to type.
"""

from __future__ import annotations

import json
import re
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from schemas.definitions import ContactStatus, PropertyType
from schemas.events.base import EventInstant
from schemas.values import ContactId, normalize_contact_id
from streams.hints import describe_value
from streams.publish.csv.form import DEFAULT_LIST_SEPARATOR, CsvForm
from streams.publish.csv.null_cells import null_option
from streams.publish.csv.numbers import read_number, to_number
from streams.publish.csv.times import UNIX_MILLISECONDS, UNIX_SECONDS, TimeReader

# Beside JSON's words those that spreadsheets write in other languages, and that forms write.
_TRUE = frozenset(
    {
        "true",
        "yes",
        "on",
        "1",
        "t",
        "y",
        "wahr",
        "ja",
        "vrai",
        "oui",
        "verdadero",
        "sí",
        "vero",
        "sì",
        "verdadeiro",
        "waar",
    }
)
_FALSE = frozenset(
    {"false", "no", "off", "0", "f", "n", "falsch", "nein", "faux", "non", "falso", "onwaar", "nee", "não"}
)
_SPREADSHEET_ERRORS = frozenset(
    {
        *("#N/A", "#REF!", "#DIV/0!", "#NAME?", "#VALUE!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#ERROR!"),
        *("#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#ÜBERLAUF!"),
    }
)
_TOO_NARROW = re.compile("#{3,}")
_FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
_SHORTENED_NUMBER = re.compile(r"[0-9](?:[.,][0-9]+)?E[+-][0-9]{2,}")
_SHORTENED_PHONE = re.compile(r"[0-9][.,][0-9]{2,}E[+]1[0-9]")
"""What a spreadsheet makes of 11 to 20 digits, such as a phone number's."""
_SHORTENED = "{} is a long number that a spreadsheet shortened; give the column the format of text there"
_OTHER_LIST_SEPARATORS = ("|", ",", "\t", "\n")
_BRACKETS = ("[]", "{}")
"""Programs and databases write lists between them."""

_contact_id_adapter = TypeAdapter(ContactId)
_instant_adapter = TypeAdapter(EventInstant)


class CellReader:
    """Reads cells of files of one form."""

    def __init__(self, form: CsvForm) -> None:
        self._form = form
        self._times = TimeReader(form.date_formats, form.zone)

    def text_of(self, cell: str) -> str | None:
        """Returns the text of a cell, empty for one that says nothing, None for null. Raises ValueError."""
        text = cell.strip()
        if text in self._form.null_words:
            return None
        if text.startswith("=") and (formula := _FORMULA_TEXT.fullmatch(text)) is not None:
            return formula[1].replace('""', '"').strip()  # ="0049": so spreadsheets are told to keep zeros
        if text.startswith("#") and (text.upper() in _SPREADSHEET_ERRORS or _TOO_NARROW.fullmatch(text)):
            raise ValueError(
                f"{describe_value(text)} is what a spreadsheet shows in place of a value;"
                f" mend it there, or give {null_option(text)}"
            )
        return text

    def read_contact(self, text: str) -> str:
        """Returns a contact's id. Raises ValueError."""
        if _SHORTENED_NUMBER.fullmatch(text):
            raise ValueError(_SHORTENED.format(describe_value(text)))
        contact = normalize_contact_id(text) if self._form.has_normal_ids else text
        if reason := _refusal(_contact_id_adapter, contact):
            raise ValueError(f"{text[:40]!r} is not a contact id: {reason}")
        return contact

    def read_at(self, text: str) -> str:
        """Returns an instant as RFC 3339. Raises ValueError."""
        at = self._times.read_instant(text)
        if text.isdigit() and at.startswith("1970-") and UNIX_MILLISECONDS in self._form.date_formats:
            raise ValueError(
                f"{describe_value(text)} is in 1970 by --date-format {UNIX_MILLISECONDS};"
                f" is --date-format {UNIX_SECONDS} meant?"
            )
        if reason := _refusal(_instant_adapter, at):
            raise ValueError(reason)
        return at

    def read_status(self, text: str) -> str:
        """Returns a status of a contact. Raises ValueError."""
        if text not in get_args(ContactStatus):
            raise ValueError(f"{describe_value(text)} is no status; there are {', '.join(get_args(ContactStatus))}")
        return text

    def read_property(self, property_type: PropertyType, text: str) -> Any:
        """Returns a value of that type. Raises ValueError."""
        match property_type:
            case "number":
                return read_number(text, self._form.decimal)
            case "boolean":
                return _read_boolean(text)
            case "list":
                return self._read_list(text)
            case "object":
                return _read_object(text)
            case "date":
                return self._times.read_date(text)
            case "datetime":
                return self._times.read_datetime(text)
            case "text":
                return _read_text(text)

    def _read_list(self, text: str) -> list[str]:
        separator = self._form.list_separator
        if separator is None:
            separator = DEFAULT_LIST_SEPARATOR
            if text[0] + text[-1] in _BRACKETS:
                return _read_list_in_brackets(text)
            other = next((each for each in _OTHER_LIST_SEPARATORS if each in text), None)
            if other is not None and separator not in text:
                raise ValueError(
                    f"{describe_value(text)} may be one item or several: say"
                    f" --list-separator {shell_word(other)} for several,"
                    f" --list-separator {shell_word(separator)} for one"
                )
        return [part.strip() for part in text.split(separator) if part.strip()]


def shell_word(text: str) -> str:
    """Returns a separator as it is typed in a shell."""
    return {"\t": "$'\\t'", "\n": "$'\\n'"}.get(text, f"'{text}'")


def _refusal(adapter: TypeAdapter[Any], value: str) -> str | None:
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return None


def _read_text(text: str) -> str:
    if _SHORTENED_PHONE.fullmatch(text):
        raise ValueError(_SHORTENED.format(describe_value(text)))
    return text


def _read_list_in_brackets(text: str) -> list[str]:
    """Returns the items of a list in JSON. Raises ValueError for another list, such as `{a,b}` of PostgreSQL."""
    try:
        items = json.loads(text, parse_constant=str, parse_float=str, parse_int=str)
    except (json.JSONDecodeError, RecursionError):
        items = None
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return [item.strip() for item in items if item.strip()]
    raise ValueError(
        f"{describe_value(text)} is a list in brackets, but no list of texts in JSON: write its items with"
        f" {shell_word(DEFAULT_LIST_SEPARATOR)} between them; if it is one item say"
        f" --list-separator {shell_word(DEFAULT_LIST_SEPARATOR)}"
    )


def _read_boolean(text: str) -> bool:
    folded = text.casefold()
    if folded not in _TRUE | _FALSE:
        raise ValueError(f"{describe_value(text)} is neither true nor false, nor yes or no, 1 or 0")
    return folded in _TRUE


def _read_object(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=to_number, parse_int=to_number)
    except RecursionError as error:
        raise ValueError("objects and lists are nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from error
    if not isinstance(value, dict | list):
        raise ValueError(f"{describe_value(text)} is no object in JSON")  # noqa: TRY004 - a value, not a type of ours
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON, which has null for no value")
