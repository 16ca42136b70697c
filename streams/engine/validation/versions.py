"""Refuses, for a release of an older engine version, what only a newer one knows; and an account's way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from schemas.conditions import ActivityLeaf, AllOf, AnyOf, Condition, CreatedLeaf, NotOf, ScoreLeaf, VisitLeaf
from schemas.definitions import Actions, Definitions
from schemas.engine_versions import EngineVersion
from streams.engine.validation.problem import DocumentPath, Problem
from streams.engine.validation.salesforce import newer_mapping_words
from streams.engine.version import walk

_VALUES_VERSION = 4
"""The version that knows `created`, sums, averages, distinct values, accents, the later actions, and what the mapping
to Salesforce has besides its fields.
"""


def version_problems(definitions: Definitions) -> list[Problem]:
    """Returns a problem for each word of valid definitions that their engine version does not know.

    The word counts and not its value: the former engine refuses it also where it is null or states its default.
    """
    if definitions.engine_version >= _VALUES_VERSION:
        return []
    return [
        Problem(
            path,
            f"{owner}: {word} needs engine version {_VALUES_VERSION}, these definitions have"
            f" {definitions.engine_version}; `leadstream definitions upgrade` raises it",
        )
        for path, owner, word in _newer_words(definitions)
    ]


def lowered_version_problem(raw: Mapping[str, Any], latest: EngineVersion) -> Problem | None:
    """Returns the problem of a document that states a version before `latest`, that of the account's releases."""
    stated: Any = raw.get("engine_version")
    if stated not in get_args(EngineVersion) or stated >= latest:
        return None
    message = f"engine version {stated} is before {latest}, which the account has, and a version never goes down"
    return Problem(("engine_version",), f"{message}; leave it out to keep {latest}")


def _newer_words(definitions: Definitions) -> Iterator[tuple[DocumentPath, str, str]]:
    """Yields where each stands, the owner and the word."""
    for number, segment in enumerate(definitions.segments):
        path: DocumentPath = ("segments", number, "when")
        yield from ((path, f"segment {segment.id}", word) for word in _newer_words_of_condition(segment.when))
    for number, campaign in enumerate(definitions.campaigns):
        here = ("campaigns", number)
        if "points_between" in campaign.model_fields_set:
            yield (*here, "points_between"), f"campaign {campaign.id}", "points_between"
        for rule_number, scoring in enumerate(campaign.scoring):
            for word in _newer_words_of_condition(scoring.when):
                yield (*here, "scoring", rule_number, "when"), f"rule {campaign.id}/{scoring.id}", word
        for rule_number, rule in enumerate(campaign.automation):
            place, owner = (*here, "automation", rule_number), f"rule {campaign.id}/{rule.id}"
            yield from (((*place, "when"), owner, word) for word in _newer_words_of_condition(rule.when))
            yield from (((*place, "then", word), owner, word) for word in _newer_actions(rule.then))
    if definitions.salesforce is not None:
        yield from ((path, "salesforce", word) for path, word in newer_mapping_words(definitions.salesforce))


def _newer_actions(actions: Actions) -> list[str]:
    return [word for word in ("set_points", "notify") if word in actions.model_fields_set]


def _newer_words_of_condition(condition: Condition | None) -> Iterator[str]:
    for node in walk(condition) if condition is not None else ():
        if not isinstance(node, AllOf | AnyOf | NotOf):
            yield from _newer_words_of_leaf(node)


def _newer_words_of_leaf(leaf: Any) -> Iterator[str]:
    if isinstance(leaf, CreatedLeaf):
        yield "created"
    if isinstance(leaf, ScoreLeaf) and leaf.score.exists is not None:
        yield "exists of a score"
    if isinstance(leaf, VisitLeaf | ActivityLeaf):
        yield from (word for word in ("sum", "average", "distinct") if getattr(leaf, word) is not None)
        if leaf.regular is not None and "times" in leaf.regular.model_fields_set:
            yield "times"
    if _has_key(leaf.model_dump(exclude_defaults=True), "accents"):
        yield "accents"


def _has_key(value: Any, key: str) -> bool:
    """Whether operators at any depth have the key. A field of an event with this name holds a mapping, not a text."""
    if isinstance(value, Mapping):
        return isinstance(value.get(key), str) or any(_has_key(one, key) for one in value.values())
    return isinstance(value, list | tuple) and any(_has_key(one, key) for one in value)
