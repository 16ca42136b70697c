"""The settings of this process: where each comes from, what is wrong with it, and variables that set nothing."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.errors import ConfigurationError, UsageError
from streams.settings import (
    FILE_SUFFIX,
    FORMS,
    VARIABLE_PREFIX,
    Settings,
    outside_values,
    variable_name,
    variable_values,
)

Source = Literal["default", "environment", "file"]

OTHER_VARIABLES: Mapping[str, str] = {
    "LEADSTREAM_CACHE": "folder of fetched files; by default leadstream in the user's cache folder",
    "LEADSTREAM_MAVEN_MIRROR": "address of a Maven repository to fetch the local Kafka from",
    "LEADSTREAM_DEBUG": "1 shows where an internal error of a command comes from",
}
"""Variables that are no settings of a deployment, and what they are for."""

HIDDEN = "***"
_LONGEST_VALUE = 80
_SIMILARITY = 0.6
"""The least ratio (`difflib`) of two names one of which may be a slip of the other."""

_OF_TESTS = "LEADSTREAM_TEST_"
# Kubernetes sets these in every container beside a service named `leadstream`, or `leadstream-` and more.
_SERVICE_VARIABLE = re.compile(
    r"LEADSTREAM_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)
_SECRET_PARAMETER = re.compile(r"([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """What there is to know of one setting; `value` and `default` are JSON values, secrets hidden.

    `bounds` is what it takes in words, without its unit; `problem` says what is wrong with the value.
    """

    name: str
    value: Any
    source: Source
    default: Any
    meaning: str
    unit: str | None
    bounds: str | None
    problem: str | None = None

    @property
    def variable(self) -> str:
        """The environment variable of the setting."""
        return self.name if self.name in OTHER_VARIABLES else variable_name(self.name)


def load_settings(**options: Any) -> Settings:
    """The settings of this process; `options` that are not None come from the command line and go first.

    Raises ConfigurationError in one line that says what to type, UsageError where an option is wrong.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        first, *others = error.errors()
        rest = f" ({len(others)} more wrong: `leadstream settings` lists them)" if others else ""
        kind = UsageError if _field(first) in given else ConfigurationError
        raise kind(_problem(first, given) + rest) from error


def setting_rows() -> list[SettingRow]:
    """All settings of this process in their order, then the other variables; what is wrong is in the rows.

    Raises ConfigurationError for a file of a setting that cannot be read.
    """
    problems: dict[str, str] = {}
    variables = variable_values()
    values: dict[str, Any] = {}
    try:
        values = Settings().model_dump(mode="json")
    except ValidationError as error:
        texts = {_field(each): _problem(each, {}) for each in error.errors()}
        # A contradiction is that of no field; it begins with the variable that it is shown with.
        problems = {
            field or text.partition("=")[0].removeprefix(VARIABLE_PREFIX).lower(): text
            for field, text in texts.items()
        }
        values = dict.fromkeys(Settings.model_fields) | outside_values()
    rows = [_row(name, values[name], problems.get(name)) for name in Settings.model_fields]
    return [*rows, *_other_rows(variables)]


def default_value(name: str) -> Any:
    """What a setting is where nothing sets it, as a JSON value."""
    default = Settings.model_fields[name].default
    return str(default) if isinstance(default, Path) else default


def bounds_text(name: str) -> str | None:
    """What a setting takes, in words and without its unit; None for anything."""
    field = Settings.model_fields[name]
    if name in FORMS:
        return FORMS[name].text
    if get_origin(field.annotation) is Literal:
        return " or ".join(get_args(field.annotation))
    if field.annotation is bool:
        return "true or false"
    limits = bounds(name)
    return None if limits is None else f"{limits[0]} to {limits[1]}"


def value_text(value: object) -> str:
    """A value as it is written in the environment; nothing for None."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def bounds(name: str) -> tuple[int, int] | None:
    """The least and the largest value of a setting that is a number; None for another."""
    metadata = Settings.model_fields[name].metadata
    least = next((each.ge for each in metadata if isinstance(each, Ge)), None)
    most = next((each.le for each in metadata if isinstance(each, Le)), None)
    return (least, most) if isinstance(least, int) and isinstance(most, int) else None


def unit_of(name: str) -> str | None:
    """The unit of a setting that is a number: ms, or what is counted."""
    extra = Settings.model_fields[name].json_schema_extra
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return unit if isinstance(unit, str) else None


def unknown_variables() -> Iterator[str]:
    """A line for each variable `LEADSTREAM_...` that is no setting, with the nearest one that is.

    Passed over: what Kubernetes sets for a service of that name, and what the project's tests set.
    """
    known = [*map(variable_name, Settings.model_fields), *OTHER_VARIABLES]
    files = [variable_name(name) + FILE_SUFFIX for name in Settings.model_fields]
    for name in sorted(os.environ):
        variable = name.upper()
        if not variable.startswith(VARIABLE_PREFIX) or variable.startswith(_OF_TESTS):
            continue
        if variable in known or variable in files or _SERVICE_VARIABLE.fullmatch(variable):
            continue
        nearest = _nearest(variable, files if variable.endswith(FILE_SUFFIX) else known)
        hint = "`leadstream settings` lists all" if nearest is None else f"did you mean {nearest}?"
        yield f"{name} is no setting and changes nothing; {hint}"


def _nearest(variable: str, known: Iterable[str]) -> str | None:
    """The variable that one resembles: with words more or fewer before all, then with the same first word."""
    name = variable.removeprefix(VARIABLE_PREFIX)
    first, words = name.partition("_")[0], set(name.split("_"))
    names = [each.removeprefix(VARIABLE_PREFIX) for each in known]
    related = [each for each in names if words <= set(each.split("_")) or words >= set(each.split("_"))]
    siblings = [each for each in names if each.partition("_")[0] == first]
    for candidates, cutoff in ((related, 0.0), (siblings, _SIMILARITY), (names, _SIMILARITY)):
        if nearest := difflib.get_close_matches(name, candidates, n=1, cutoff=cutoff):
            return VARIABLE_PREFIX + nearest[0]
    return None


def display_value(name: str, value: Any) -> Any:
    """A value as it may be shown: a secret is hidden, and so is a login in the address of something."""
    if value is None:
        return None
    if name in Settings.model_fields and not Settings.model_fields[name].repr:
        return HIDDEN
    if not isinstance(value, str):
        return value
    start, at, address = value.rpartition("@")
    if at:
        scheme, slashes, _ = start.partition("://")
        value = f"{scheme}{slashes}{HIDDEN}@{address}" if slashes else f"{HIDDEN}@{address}"
    return _SECRET_PARAMETER.sub(rf"\g<1>{HIDDEN}", value)


def _row(name: str, value: Any, problem: str | None) -> SettingRow:
    source, default = _source(name), default_value(name)
    shown = display_value(name, default if source == "default" else value)
    meaning = Settings.model_fields[name].description or ""
    return SettingRow(name, shown, source, default, meaning, unit_of(name), bounds_text(name), problem)


def _other_rows(variables: Mapping[str, str]) -> Iterator[SettingRow]:
    for variable, meaning in OTHER_VARIABLES.items():
        value = variables.get(variable)
        source: Source = "default" if value is None else "environment"
        yield SettingRow(variable, display_value(variable, value), source, None, meaning, None, None)


def _source(name: str) -> Source:
    variable, variables = variable_name(name), variable_values()
    if variable in variables:
        return "environment"
    return "file" if variable + FILE_SUFFIX in variables else "default"


def _field(error: ErrorDetails) -> str:
    return str(error["loc"][0]) if error["loc"] else ""


def _problem(error: ErrorDetails, options: Mapping[str, Any]) -> str:
    """One line that says which value is wrong and what to set instead."""
    name = _field(error)
    if not name:
        return error["msg"].removeprefix("Value error, ")
    value = _one_line(str(display_value(name, error["input"])))
    unit = unit_of(name)
    counted = f" of {unit}" if unit else ""
    is_number = bounds(name) is not None
    needed = (
        f"a whole number{counted} from {bounds_text(name)}" if is_number else bounds_text(name) or "something else"
    )
    default = Settings.model_fields[name].default
    otherwise = "" if default in (None, "") else f" (default {value_text(default)})"
    if name in options:
        return f"setting {name}: {value} cannot be used: give {needed}{otherwise}"
    variable = variable_name(name)
    label = f"{variable}={value}" if _source(name) == "environment" else f"{variable}{FILE_SUFFIX}: {value}"
    return f"{label} cannot be used: set it to {needed}{otherwise}"


def _one_line(value: str) -> str:
    short = value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "..."
    return short if short.isprintable() else ascii(short)
