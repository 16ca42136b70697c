"""Whether a mapping has the keys and kinds of value that its model has; pydantic judges, this says it plainly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from streams.engine.validation.problem import Path, Problem, nearest, shown

_NEEDED: Mapping[str, str] = {
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
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("a number of at least {ge}", "not {input}"),
    "less_than_equal": ("a number of at most {le}", "not {input}"),
    "too_short": ("a list of at least {min_length}", "not of {actual_length}"),
    "too_long": ("a list of at most {max_length}", "not of {actual_length}"),
}
"""What is needed, and what is there instead, by what pydantic tells of it."""
_KNOWN_AS = {"string_pattern_mismatch": "an id has letters, digits, - and _ only, at most 100 of them"}


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a model as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def shape_problems(model: type[BaseModel], raw: object, path: Path) -> list[Problem]:
    """What keeps `raw` from being a `model`: unknown and missing keys, values of the wrong kind."""
    if not isinstance(raw, Mapping):
        return [Problem(path, f"a mapping is needed here, not {shown(raw)}; its keys: {', '.join(keys_of(model))}")]
    unknown = [key for key in raw if key not in keys_of(model)]
    problems = [_unknown(model, (), key, path) for key in unknown]
    known = {key: value for key, value in raw.items() if key not in unknown}
    try:
        model.model_validate(known)
    except ValidationError as error:
        places = _by_place(error, known)
        for place, details in places.items():
            if details[0]["type"] == "too_short" and _is_told_within(place, places):
                continue  # items with faults of their own are not counted
            problems.append(_told(model, known, place, details, path))
    return problems


def _by_place(error: ValidationError, raw: object) -> dict[Path, list[ErrorDetails]]:
    """Errors by the place in `raw` that they speak of: the branches tried of a union fall together."""
    places: dict[Path, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        place: Path = _place(details, raw)
        places.setdefault(place, []).append(details)
    return places


def _is_told_within(place: Path, places: Iterable[Path]) -> bool:
    """Whether something inside this place has a fault, too."""
    return any(len(other) > len(place) and other[: len(place)] == place for other in places)


def _place(details: ErrorDetails, raw: object) -> Path:
    place: list[str | int] = []
    here: Any = raw
    for step in details["loc"]:
        if not _leads_on(here, step):
            break
        here = here[step]
        place.append(step)
    if details["type"] == "missing":
        place.append(details["loc"][-1])
    return tuple(place)


def _leads_on(here: object, step: str | int) -> bool:
    if isinstance(here, Mapping):
        return step in here
    return isinstance(here, list | tuple) and isinstance(step, int) and step < len(here)


def _told(model: type[BaseModel], raw: object, place: Path, details: list[ErrorDetails], path: Path) -> Problem:
    first = details[0]
    if first["type"] == "missing":
        return Problem((*path, *place[:-1]), f"{place[-1]} is missing")
    if first["type"] == "extra_forbidden":
        return _unknown(model, place[:-1], place[-1], path)
    value = _value_at(raw, place)
    return Problem((*path, *place), _reason(details, value))


def _unknown(model: type[BaseModel], place: Path, key: object, path: Path) -> Problem:
    inner = _model_at(model, place)
    hint = nearest(key, keys_of(inner)) if inner else ""
    step = key if isinstance(key, str | int) else str(key)
    return Problem((*path, *place, step), f"unknown key {shown(key)}{hint}")


def _reason(details: list[ErrorDetails], value: object) -> str:
    needed = list(dict.fromkeys(_NEEDED[d["type"]] for d in details if d["type"] in _NEEDED))
    if "a number" in needed and "a whole number" in needed:
        needed.remove("a whole number")
    choices = [d for d in details if d["type"] == "literal_error"]
    if choices and isinstance(value, str):
        return f"{shown(value)} is not known here" + nearest(value, _choices(choices[0]))
    if choices:
        words = _choices(choices[0])
        needed.append(words[0] if len(words) == 1 else "one of " + ", ".join(words))
    if needed and len(needed) >= len({d["type"] for d in details}) - 1:
        return f"{_either(needed)} is needed here, not {shown(value)}"
    first = details[0]
    if first["type"] in _BOUNDS:
        wanted, found = _BOUNDS[first["type"]]
        return f"{wanted} is needed here, {found}".format(**_bound_of(first), input=shown(value))
    if first["type"] in _KNOWN_AS:
        return f"{shown(value)}: {_KNOWN_AS[first['type']]}"
    said = first["msg"].removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def _bound_of(details: ErrorDetails) -> dict[str, object]:
    """What pydantic tells of a bound; a whole one is written as such."""
    told = details.get("ctx", {})
    return {name: int(one) if isinstance(one, float) and one.is_integer() else one for name, one in told.items()}


def _choices(details: ErrorDetails) -> list[str]:
    expected = str(details.get("ctx", {}).get("expected", ""))
    words = [word.strip() for word in expected.replace(" or ", ", ").split(",") if word.strip()]
    return [word.lower() if word in ("True", "False") else word.strip("'") for word in words]


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _value_at(raw: object, place: Path) -> object:
    here: Any = raw
    for step in place:
        here = here[step]
    return here


def _model_at(model: type[BaseModel], place: Path) -> type[BaseModel] | None:
    """The model that describes the mapping at a place below `model`."""
    here: type[BaseModel] | None = model
    for step in place:
        if here is None:
            return None
        fields = {field.alias or name: field for name, field in here.model_fields.items()}
        if step in fields:
            here = _model_in(fields[step].annotation)
    return here


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model named in a type such as `dict[str, Operators] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
