"""Refuses, for a release of an older engine version, what only a newer one knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.conditions import ActivityLeaf, CreatedLeaf, ScoreLeaf, VisitLeaf
from schemas.definitions import Definitions
from streams.engine.releases.conditions import release_conditions
from streams.engine.validation.problem import Problem
from streams.engine.version import walk

_VALUES_VERSION = 4
"""The version that knows `created`, sums, averages, distinct values, accents, and the later actions."""


def version_problems(definitions: Definitions) -> list[Problem]:
    """Returns a problem for each word of valid definitions that their engine version does not know."""
    if definitions.engine_version >= _VALUES_VERSION:
        return []
    return [
        Problem((), f"{owner}: {word} needs engine version {_VALUES_VERSION}, these definitions have"
                f" {definitions.engine_version}; `leadstream definitions upgrade` raises it")
        for owner, word in _newer_words(definitions)
    ]


def _newer_words(definitions: Definitions) -> Iterator[tuple[str, str]]:
    for each in release_conditions(definitions):
        for node in walk(each.condition):
            yield from ((each.owner, word) for word in _newer_words_of_leaf(node))
    for campaign in definitions.campaigns:
        if campaign.points_between is not None:
            yield f"campaign {campaign.id}", "points_between"
        for rule in campaign.automation:
            for word in ("set_points", "notify"):
                if getattr(rule.then, word) is not None:
                    yield f"rule {campaign.id}/{rule.id}", word


def _newer_words_of_leaf(leaf: Any) -> Iterator[str]:
    if isinstance(leaf, CreatedLeaf):
        yield "created"
    if isinstance(leaf, ScoreLeaf) and leaf.score.exists is not None:
        yield "exists of a score"
    if isinstance(leaf, VisitLeaf | ActivityLeaf):
        yield from (word for word in ("sum", "average", "distinct") if getattr(leaf, word) is not None)
        if leaf.regular is not None and leaf.regular.times != 1:
            yield "times"
    if _has_key(leaf.model_dump(exclude_defaults=True), "accents"):
        yield "accents"


def _has_key(value: Any, key: str) -> bool:
    """Whether operators at any depth have the key. A field of an event with this name holds a mapping, not a text."""
    if isinstance(value, Mapping):
        return isinstance(value.get(key), str) or any(_has_key(one, key) for one in value.values())
    return isinstance(value, list | tuple) and any(_has_key(one, key) for one in value)
