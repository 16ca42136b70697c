"""Definitions as people write them: files in YAML or JSON, read, merged per account, checked and compared."""

from streams.definitions.document import Fault
from streams.definitions.load import Account, Loaded, load, load_each

__all__ = ["Account", "Fault", "Loaded", "load", "load_each"]
