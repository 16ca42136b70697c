"""Parts of one account as one whole; every piece remembers the part that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.events.base import DEFAULT_ACCOUNT
from streams.definitions.document import Fault, Part
from streams.engine.validation import Path, path_text

_ROWS = ("segments", "campaigns")
_TABLE = "properties"


@dataclass
class Merged:
    """One account's whole as written, and where each piece of it stands."""

    account: str
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    _origins: dict[Path, tuple[Part, Path]] = field(default_factory=dict)

    def locate(self, path: Path) -> tuple[Part, Path]:
        """The part, and the path in it, of a path in the whole."""
        for length in (2, 1):
            origin = self._origins.get(path[:length])
            if origin is not None:
                return origin[0], (*origin[1], *path[length:])
        return self.parts[0], path

    def add(self, part: Part) -> None:
        """Takes a part in; what two parts say differently, or define twice, becomes a fault."""
        self.parts.append(part)
        for key, value in part.values.items():
            if key in _ROWS and (value is None or isinstance(value, list)):
                self._add_rows(part, key, value or [])
            elif key == _TABLE and (value is None or isinstance(value, dict)):
                self._add_table(part, value or {})
            else:
                self._add_value(part, key, value)

    def _add_rows(self, part: Part, key: str, rows: list[Any]) -> None:
        whole = self.values.setdefault(key, [])
        self._origins.setdefault((key,), (part, (key,)))
        known = {_id(row): (key, number) for number, row in enumerate(whole)}
        for number, row in enumerate(rows):
            there = known.get(_id(row))
            if there is not None:
                message = f"{key.removesuffix('s')} {_id(row)} is defined in {self._there(there)} already"
                self._fault(part, (key, number, "id"), message)
                continue
            self._origins[(key, len(whole))] = (part, (key, number))
            whole.append(row)

    def _add_table(self, part: Part, table: dict[str, Any]) -> None:
        whole = self.values.setdefault(_TABLE, {})
        self._origins.setdefault((_TABLE,), (part, (_TABLE,)))
        for name, value in table.items():
            path = (_TABLE, name)
            if name in whole:
                self._fault(part, path, f"{name} is declared in {self._there(path)} already")
                continue
            self._origins[path] = (part, path)
            whole[name] = value

    def _add_value(self, part: Part, key: str, value: Any) -> None:
        path = (key,)
        if key not in self.values:
            self.values[key] = value
            self._origins[path] = (part, path)
        elif self.values[key] != value or key == "salesforce":
            self._fault(part, path, f"{key} is given in {self._there(path)} already")

    def _fault(self, part: Part, path: Path, message: str) -> None:
        self.faults.append(Fault(part.file, part.line_of(path), path_text(path), message))

    def _there(self, path: Path) -> str:
        part, local = self.locate(path)
        return f"{part.file}:{part.line_of(local)}"


def _id(row: Any) -> object:
    """A row's id; for a row without one that is text, something that no other row has."""
    name = row.get("id") if isinstance(row, dict) else None
    return name if isinstance(name, str) else object()


def merge(parts: Sequence[Part]) -> list[Merged]:
    """One whole per account, accounts and pieces in the order they are met."""
    wholes: dict[str, Merged] = {}
    for part in parts:
        named = part.values.get("account", DEFAULT_ACCOUNT)
        account = named if isinstance(named, str) else DEFAULT_ACCOUNT
        whole = wholes.setdefault(account, Merged(account, {"account": named}))
        whole.add(part)
    return list(wholes.values())
