"""Finds values that the operators on a contact's properties cannot meet because of their type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.conditions import Condition, Operators, PropertyLeaf, TagsLeaf
from schemas.definitions import Definitions
from streams.definitions.stored_values.value_checks import KeysCheck, OperatorSite, ValueCheck, operator_checks
from streams.engine.conditions.protocols import CompileScope
from streams.engine.releases.conditions import build_compile_scope, release_conditions
from streams.engine.version import walk


@dataclass(frozen=True, slots=True)
class PropertyCheck:
    """The check of one operator; `name` is the top-level property that it looks at."""

    site: OperatorSite
    name: str
    check: ValueCheck


def definitions_checks(definitions: Definitions) -> Iterator[PropertyCheck]:
    """Yields the checks of all conditions of an account."""
    scope = build_compile_scope(definitions)
    for each in release_conditions(definitions):
        yield from condition_checks(each.owner, each.condition, scope)


def condition_checks(owner: str, condition: Condition, scope: CompileScope) -> Iterator[PropertyCheck]:
    """Yields a check for each operator on a property or on tags; `exists` and `empty` meet every value."""
    for leaf in walk(condition):
        if isinstance(leaf, TagsLeaf):
            yield from _leaf_checks(owner, ("tags",), leaf.tags, scope)
        elif isinstance(leaf, PropertyLeaf):
            keys = (leaf.property,) if isinstance(leaf.property, str) else leaf.property
            yield from _leaf_checks(owner, keys, leaf, scope)


def _leaf_checks(
    owner: str, keys: tuple[str, ...], operators: Operators, scope: CompileScope
) -> Iterator[PropertyCheck]:
    name, *inner_keys = keys
    label = f"[{', '.join(keys)}]" if inner_keys else name
    property_type = None if inner_keys else scope.property_types.get(name)
    for operator, check in operator_checks(operators, property_type, scope.engine_version):
        site = OperatorSite(owner, "property", label, operator)
        yield PropertyCheck(site, name, KeysCheck(tuple(inner_keys), check) if inner_keys else check)
