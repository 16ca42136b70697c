"""Validates an account's definitions as a whole: returns them, or all of their faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

from schemas.definitions import STANDARD_PROPERTIES, AccountPlan, Definitions, PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from schemas.time_zones import zone_names
from streams.engine.validation.campaigns import campaign_problems
from streams.engine.validation.context import ValidationContext
from streams.engine.validation.problem import MAX_NESTING, TOO_DEEP, WARNING, DocumentPath, Problem
from streams.engine.validation.references import (
    find_cycles,
    lead_cycles,
    misspelt_properties,
    property_paths,
    segment_references,
)
from streams.engine.validation.salesforce import campaign_id_problems, mapping_frame, salesforce_problems
from streams.engine.validation.schema import schema_problems
from streams.engine.validation.segments import segment_problems
from streams.engine.validation.surrogates import surrogate_problems
from streams.engine.validation.versions import version_problems
from streams.hints import describe_value, suggestion


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """`definitions` is None when there are problems; with warnings only, definitions can be applied."""

    definitions: Definitions | None
    problems: list[Problem]
    warnings: list[Problem]


def validate_definitions(raw: Mapping[str, Any], version: EngineVersion = NEWEST_VERSION) -> ValidationResult:
    """Validates one account's definitions as written (JSON values: no dates, no tuples). Raises nothing.

    `version`: the engine version of definitions that do not say theirs.
    """
    if _is_deeper(raw, MAX_NESTING):
        return ValidationResult(None, [Problem((), TOO_DEEP)], [])
    surrogates = list(surrogate_problems(raw))
    if surrogates:
        return ValidationResult(None, surrogates, [])
    problems = _frame_problems(raw)
    context = _validation_context(raw, version)
    for number, segment in enumerate(_rows(raw, "segments")):
        problems += segment_problems(segment, context, ("segments", number))
    for number, campaign in enumerate(_rows(raw, "campaigns")):
        problems += campaign_problems(campaign, context, ("campaigns", number))
    problems += repeated_id_problems(_rows(raw, "segments"), ("segments",), "segment")
    problems += repeated_id_problems(_rows(raw, "campaigns"), ("campaigns",), "campaign")
    problems += _cycle_problems(raw)
    problems += salesforce_problems(raw.get("salesforce"), context)
    problems += campaign_id_problems(_rows(raw, "campaigns"), context)
    if problems:
        return ValidationResult(None, [_with_definition_name(raw, problem) for problem in problems], [])
    definitions = Definitions.model_validate({**raw, "engine_version": context.engine_version})
    problems = version_problems(definitions)
    if problems:
        return ValidationResult(None, problems, [])
    return ValidationResult(definitions, [], _warnings(raw, definitions))


def _with_definition_name(raw: Mapping[str, Any], problem: Problem) -> Problem:
    """Adds the segment, or the campaign and its rule, to the message of what the plan lacks."""
    if problem.code != "plan" or len(problem.path) < 2:
        return problem
    kind, index, *inside = problem.path
    if kind not in ("segments", "campaigns"):
        return replace(problem, message=f"{index} of {kind}: {problem.message}")
    row = _rows(raw, str(kind))[int(index)]
    name = f"{str(kind).removesuffix('s')} {_id(row)}"
    if kind == "campaigns" and len(inside) > 1 and isinstance(inside[1], int):
        name = f"{name}, rule {_id(_rows(row, str(inside[0]))[inside[1]])}"
    return replace(problem, message=f"{name}: {problem.message}")


def repeated_id_problems(rows: Iterable[object], path: DocumentPath, what: str) -> list[Problem]:
    """Returns a problem for each row whose id an earlier row has."""
    names: set[str] = set()
    problems = []
    for number, row in enumerate(rows):
        name = _id(row)
        if name is None:
            continue
        if name in names:
            problems.append(Problem((*path, number, "id"), f"there is another {what} called {name}"))
        names.add(name)
    return problems


def _is_deeper(raw: object, max_depth: int) -> bool:
    """Goes level by level, because a recursion would fail on what it has to find."""
    level = [raw]
    for _ in range(max_depth):
        level = [child for value in level for child in _children(value)]
    return bool(level)


def _children(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _frame_problems(raw: Mapping[str, Any]) -> list[Problem]:
    """Returns the faults outside of segments and campaigns."""
    frame = {key: [] if key in ("segments", "campaigns") and isinstance(raw[key], list) else raw[key] for key in raw}
    if "salesforce" in frame:
        frame["salesforce"] = mapping_frame(frame["salesforce"])
    return [
        *schema_problems(Definitions, frame, ()),
        *_zone_problems(raw.get("time_zone")),
        *_property_problems(raw.get("properties")),
    ]


def _zone_problems(zone: object) -> list[Problem]:
    if not isinstance(zone, str) or zone in zone_names():
        return []
    return [
        Problem(("time_zone",), f"{describe_value(zone)} is not a time zone{suggestion(zone, sorted(zone_names()))}")
    ]


def _property_problems(properties: object) -> list[Problem]:
    if not isinstance(properties, Mapping):
        return []
    return [
        Problem(("properties", name), f"{name} is a standard property and always {STANDARD_PROPERTIES[name]}")
        for name, declared in properties.items()
        if name in STANDARD_PROPERTIES and declared != STANDARD_PROPERTIES[name]
    ]


def _validation_context(raw: Mapping[str, Any], version: EngineVersion) -> ValidationContext:
    plan = raw.get("plan", "enterprise")
    stated = raw.get("engine_version")
    properties = raw.get("properties")
    zone = raw.get("time_zone")
    types = get_args(PropertyType)
    declared = properties if isinstance(properties, Mapping) else {}
    return ValidationContext(
        plan=cast(AccountPlan, plan) if plan in get_args(AccountPlan) else "enterprise",
        property_types={**{n: t for n, t in declared.items() if t in types}, **STANDARD_PROPERTIES},
        segments={name: _is_dynamic(row) for name, row in _rows_by_id(_rows(raw, "segments")).items()},
        campaigns=frozenset(_rows_by_id(_rows(raw, "campaigns"))),
        time_zone=zone if isinstance(zone, str) and zone in zone_names() else "UTC",
        engine_version=cast(EngineVersion, stated) if stated in get_args(EngineVersion) else version,
    )


def _rows(raw: Mapping[str, Any], key: str) -> list[Any]:
    rows = raw.get(key)
    return rows if isinstance(rows, list) else []


def _id(row: object) -> str | None:
    """Returns the row's id; None when it is no text, which the schema reports."""
    name = row.get("id") if isinstance(row, Mapping) else None
    return name if isinstance(name, str) else None


def _rows_by_id(rows: Iterable[Any]) -> dict[str, Mapping[str, Any]]:
    """Returns id -> row; of several rows with one id the first."""
    rows_by_id: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        name = _id(row)
        if name is not None:
            rows_by_id.setdefault(name, row)
    return rows_by_id


def _is_dynamic(row: Mapping[str, Any]) -> bool:
    return bool(row.get("dynamic")) or "when" in row


def _cycle_problems(raw: Mapping[str, Any]) -> list[Problem]:
    rows = _rows(raw, "segments")
    rows_by_id = _rows_by_id(rows)
    graph = {name: list(segment_references(row.get("when"))) for name, row in rows_by_id.items()}
    problems = []
    for path in find_cycles(graph):
        index = next(number for number, row in enumerate(rows) if row is rows_by_id[path[0]])
        message = f"segments refer to one another in a circle: {' -> '.join(path)}"
        problems.append(Problem(("segments", index, "when"), message))
    return problems


def _warnings(raw: Mapping[str, Any], definitions: Definitions) -> list[Problem]:
    cycles = [
        Problem(("campaigns",), f"circle through leads and actions: {path}", WARNING)
        for path in lead_cycles(definitions)
    ]
    suggestions = misspelt_properties(definitions)
    misspelt = [
        Problem(path, f"property {name} is not declared; is {suggestions[name]} meant?", WARNING)
        for path, name in _property_paths(raw)
        if name in suggestions
    ]
    return cycles + misspelt


def _property_paths(raw: Mapping[str, Any]) -> Iterator[tuple[DocumentPath, str]]:
    for number, segment in enumerate(_rows(raw, "segments")):
        yield from property_paths(segment.get("when"), ("segments", number, "when"))
    for number, campaign in enumerate(_rows(raw, "campaigns")):
        for key in ("scoring", "automation"):
            for rule_number, rule in enumerate(_rows(campaign, key)):
                yield from property_paths(rule["when"], ("campaigns", number, key, rule_number, "when"))
    yield from property_paths(raw.get("salesforce"), ("salesforce",))
