"""Definitions as people write them: files in YAML or JSON, read, merged per account, checked and compared."""

from streams.definitions.document import DocumentProblem
from streams.definitions.load import AccountDefinitions, LoadedDefinitions, load_definitions, load_separately

__all__ = ["AccountDefinitions", "DocumentProblem", "LoadedDefinitions", "load_definitions", "load_separately"]
