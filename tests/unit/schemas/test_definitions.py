"""The models of definitions as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.conditions import DefinitionModel
from schemas.definitions import Definitions, complete_models


def models_below(model: type[DefinitionModel]) -> Iterator[type[DefinitionModel]]:
    """The models that are made of one, and those made of them."""
    for each in model.__subclasses__():
        yield each
        yield from models_below(each)


def test_all_models_are_built_at_once() -> None:
    complete_models()
    models = [each for each in models_below(DefinitionModel) if each.__module__.startswith("schemas.")]
    assert Definitions in models
    assert [each.__name__ for each in models if not each.__pydantic_complete__] == []
