"""Reads files of definitions (YAML or JSON), merges them per account, checks, compares and applies them."""

from streams.definitions.document import DocumentProblem
from streams.definitions.load import (
    AccountDefinitions,
    LoadedDefinitions,
    load_definitions,
    load_separately,
    require_some_version,
)

__all__ = [
    "AccountDefinitions",
    "DocumentProblem",
    "LoadedDefinitions",
    "load_definitions",
    "load_separately",
    "require_some_version",
]
