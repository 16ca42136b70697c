"""Validates a mapping against its pydantic model, and turns pydantic's errors into plain messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.definitions import complete_models
from streams.engine.validation.problem import DocumentPath, Problem
from streams.hints import describe_value, suggestion

_TYPE_NAMES: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "mapping_type": "a mapping",
    "date_type": "a calendar date such as 2026-03-01",
    "date_parsing": "a calendar date such as 2026-03-01",
    "date_from_datetime_parsing": "a calendar date such as 2026-03-01",
}
_BOUND_MESSAGES: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("a number of at least {ge}", "not {input}"),
    "less_than_equal": ("a number of at most {le}", "not {input}"),
    "too_short": ("a list of at least {min_length}", "not of {actual_length}"),
    "too_long": ("a list of at most {max_length}", "not of {actual_length}"),
}
"""Pydantic's error type -> what is needed, and what is there instead; filled in from the error's context."""
_PLAIN_TEXT = re.compile(r"(?!(?i:true|false|null|yes|no|on|off|y|n)$)(?:[^\W\d]\w*|/[\w/-]*)")
"""Text that YAML needs no quotes for."""
_USUAL_FIELDS: Mapping[str | int, str] = {"visit": "path", "activity": "name"}
"""What a leaf asks of mostly, for an example."""
_PATTERN_MESSAGES = {"string_pattern_mismatch": "an id has letters, digits, - and _ only, at most 100 of them"}

complete_models()  # what is below validates with them, and looks into their fields


def keys_of(model: type[BaseModel]) -> list[str]:
    """Returns the keys of a model as they are written in definitions."""
    return [field.alias or name for name, field in model.model_fields.items()]


def value_text(value: str | float) -> str:
    """Returns a value as it is written in definitions, in quotes where YAML needs them."""
    is_plain = isinstance(value, str) and _PLAIN_TEXT.fullmatch(value) is not None
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)


def schema_problems(model: type[BaseModel], raw: object, path: DocumentPath) -> list[Problem]:
    """Returns why `raw` is no `model`: unknown and missing keys, values of the wrong type."""
    if not isinstance(raw, Mapping):
        return [
            Problem(
                path, f"a mapping is needed here, not {describe_value(raw)}; its keys: {', '.join(keys_of(model))}"
            )
        ]
    unknown_keys = [key for key in raw if key not in keys_of(model)]
    problems = [_unknown_key_problem(model, (), key, path) for key in unknown_keys]
    model_values = {key: value for key, value in raw.items() if key not in unknown_keys}
    try:
        model.model_validate(model_values)
    except ValidationError as error:
        errors_by_path = _errors_by_path(error, model_values)
        for inner_path, details in errors_by_path.items():
            if details[0]["type"] == "too_short" and _has_inner_error(inner_path, errors_by_path):
                continue  # pydantic does not count items that have faults of their own
            problems.append(_problem_from_errors(model, model_values, inner_path, details, path))
    return problems


def _errors_by_path(error: ValidationError, raw: object) -> dict[DocumentPath, list[ErrorDetails]]:
    """Returns path in `raw` -> errors there; errors of all branches of a union have the same path."""
    errors_by_path: dict[DocumentPath, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        errors_by_path.setdefault(_error_path(details, raw), []).append(details)
    return errors_by_path


def _has_inner_error(path: DocumentPath, paths: Iterable[DocumentPath]) -> bool:
    """Whether something below this path also has an error."""
    return any(len(other) > len(path) and other[: len(path)] == path for other in paths)


def _error_path(details: ErrorDetails, raw: object) -> DocumentPath:
    path: list[str | int] = []
    value: Any = raw
    for step in details["loc"]:
        if not _has_step(value, step):
            break
        value = value[step]
        path.append(step)
    if details["type"] == "missing":
        path.append(details["loc"][-1])
    return tuple(path)


def _has_step(value: object, step: str | int) -> bool:
    if isinstance(value, Mapping):
        return step in value
    return isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)


def _problem_from_errors(
    model: type[BaseModel], raw: object, inner_path: DocumentPath, details: list[ErrorDetails], path: DocumentPath
) -> Problem:
    first = details[0]
    if first["type"] == "missing":
        return Problem((*path, *inner_path[:-1]), f"{inner_path[-1]} is missing")
    if first["type"] == "extra_forbidden":
        return _unknown_key_problem(model, inner_path[:-1], inner_path[-1], path)
    value = _value_at(raw, inner_path)
    needs_text = {d["type"] for d in details} == {"string_type"}
    reason = _reason(details, value)
    kinds = {d["type"] for d in details}
    if kinds == {"model_type"}:
        reason += _mapping_hint(model, inner_path, value)
    if kinds == {"dict_type"} and isinstance(value, str) and inner_path[-1] in _USUAL_FIELDS:
        reason += f"; such as {{{_USUAL_FIELDS[inner_path[-1]]}: {{eq: {value_text(value)}}}}}"
    return Problem((*path, *inner_path), reason, needs_text=needs_text)


def _mapping_hint(model: type[BaseModel], inner_path: DocumentPath, value: object) -> str:
    """Returns what may stand in place of a value where a mapping is needed: an operator with it, or which keys."""
    if len(inner_path) > 1 and inner_path[-1] in keys_of(model):
        return f"; {inner_path[-1]} stands beside {inner_path[-2]}, not in it"
    inner = _model_at(model, inner_path)
    keys = [] if inner is None else keys_of(inner)
    operator = next((key for key in ("eq", "gte") if key in keys), None)
    if operator is not None and isinstance(value, str | int | float):
        return f"; such as {{{operator}: {value_text(value)}}}"
    return f"; its keys: {', '.join(keys)}" if keys else ""


def _unknown_key_problem(
    model: type[BaseModel], inner_path: DocumentPath, key: object, path: DocumentPath
) -> Problem:
    inner = _model_at(model, inner_path)
    hint = suggestion(key, keys_of(inner)) if inner else ""
    step = key if isinstance(key, str | int) else str(key)
    return Problem((*path, *inner_path, step), f"unknown key {describe_value(key)}{hint}")


def _reason(details: list[ErrorDetails], value: object) -> str:
    needed = list(dict.fromkeys(_TYPE_NAMES[d["type"]] for d in details if d["type"] in _TYPE_NAMES))
    if "a number" in needed and "a whole number" in needed:
        needed.remove("a whole number")
    choices = [d for d in details if d["type"] == "literal_error"]
    if choices and isinstance(value, str):
        return f"{describe_value(value)} is not known here" + suggestion(value, _choices(choices[0]))
    if choices:
        words = _choices(choices[0])
        needed.append(words[0] if len(words) == 1 else "one of " + ", ".join(words))
    if needed and len(needed) >= len({d["type"] for d in details}) - 1:
        return f"{_join_with_or(needed)} is needed here, not {describe_value(value)}"
    first = details[0]
    if first["type"] in _BOUND_MESSAGES:
        required, actual = _BOUND_MESSAGES[first["type"]]
        return f"{required} is needed here, {actual}".format(**_bound_values(first), input=describe_value(value))
    if first["type"] in _PATTERN_MESSAGES:
        return f"{describe_value(value)}: {_PATTERN_MESSAGES[first['type']]}"
    message = first["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _bound_values(details: ErrorDetails) -> dict[str, object]:
    """Returns the values in pydantic's message on a bound; whole numbers without decimals."""
    values = details.get("ctx", {})
    return {name: int(one) if isinstance(one, float) and one.is_integer() else one for name, one in values.items()}


def _choices(details: ErrorDetails) -> list[str]:
    expected = str(details.get("ctx", {}).get("expected", ""))
    words = [word.strip() for word in expected.replace(" or ", ", ").split(",") if word.strip()]
    return [word.lower() if word in ("True", "False") else word.strip("'") for word in words]


def _join_with_or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _value_at(raw: object, path: DocumentPath) -> object:
    value: Any = raw
    for step in path:
        value = value[step]
    return value


def _model_at(model: type[BaseModel], path: DocumentPath) -> type[BaseModel] | None:
    """Returns the model of the mapping at a path below `model`."""
    inner: type[BaseModel] | None = model
    for step in path:
        if inner is None:
            return None
        fields = {field.alias or name: field for name, field in inner.model_fields.items()}
        if step in fields:
            inner = _model_in(fields[step].annotation)
    return inner


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Returns the first model in a type such as `dict[str, Operators] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        model = _model_in(argument)
        if model is not None:
            return model
    return None
