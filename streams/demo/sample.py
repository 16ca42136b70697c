"""The sample definitions of the demo, as a document, as a model, and as a release."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from schemas.definitions import Definitions
from streams.publish.lines import DefinitionsLine


def sample_document() -> dict[str, Any]:
    """Returns the sample definitions as the file has them."""
    text = (files("streams.demo") / "definitions.yaml").read_text()
    document: dict[str, Any] = YAML(typ="safe").load(text)
    return document


def sample_definitions() -> Definitions:
    """Returns the sample definitions as a model."""
    return Definitions.model_validate_json(json.dumps(sample_document()))


def sample_release(at: int) -> DefinitionsLine:
    """Returns a line that applies the sample definitions at `at` (ms)."""
    document = sample_document()
    return DefinitionsLine("the sample definitions", document["account"], at, document)
