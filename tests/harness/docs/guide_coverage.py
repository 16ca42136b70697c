"""The words of the language of conditions: every model's keys, and those that a condition uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import get_annotations
from typing import Any, get_args

from pydantic import BaseModel

from schemas.conditions import SUBJECTS

Word = tuple[str, str]
"""(model in which the key is declared, the key as it is written)."""


def all_words() -> set[Word]:
    """All keys of all models below the subjects."""
    models: set[type[BaseModel]] = set()
    pending: list[type[BaseModel]] = list(SUBJECTS.values())
    while pending:
        model = pending.pop()
        if model in models:
            continue
        models.add(model)
        for info in model.model_fields.values():
            pending += _models_in(info.annotation)
    return {_word(model, name) for model in models for name in model.model_fields}


def words_in(value: Any) -> Iterator[Word]:
    """The keys that are written in a condition."""
    if isinstance(value, BaseModel):
        for name in value.model_fields_set:
            yield _word(type(value), name)
            yield from words_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from words_in(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from words_in(inner)


def _word(model: type[BaseModel], name: str) -> Word:
    """Under the model that declares it: `eq` of a property leaf is that of the operators."""
    declaring = next(base for base in reversed(model.__mro__) if name in get_annotations(base))
    return declaring.__name__, model.model_fields[name].alias or name


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
