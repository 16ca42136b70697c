"""Definitions as people write them: files in YAML or JSON, read, merged per account, checked and compared."""

from streams.definitions.load import Account, Loaded, load, load_each
from streams.definitions.part import Fault

__all__ = ["Account", "Fault", "Loaded", "load", "load_each"]
