"""Parts of one account as one whole; every piece remembers the part that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.events.base import DEFAULT_ACCOUNT
from streams.definitions.document import Document, DocumentProblem
from streams.engine.validation import DocumentPath, path_text

_ROWS = ("segments", "campaigns")
_TABLE = "properties"


@dataclass
class MergedDefinitions:
    """One account's whole as written, and where each piece of it stands."""

    account: str
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[DocumentProblem] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    _origins: dict[DocumentPath, tuple[Document, DocumentPath]] = field(default_factory=dict)

    def locate(self, path: DocumentPath) -> tuple[Document, DocumentPath]:
        """The part, and the path in it, of a path in the whole."""
        for length in (2, 1):
            origin = self._origins.get(path[:length])
            if origin is not None:
                return origin[0], (*origin[1], *path[length:])
        return self.documents[0], path

    def add(self, document: Document) -> None:
        """Takes a part in; what two parts say differently, or define twice, becomes a fault."""
        self.documents.append(document)
        for key, value in document.values.items():
            if key in _ROWS and (value is None or isinstance(value, list)):
                self._add_rows(document, key, value or [])
            elif key == _TABLE and (value is None or isinstance(value, dict)):
                self._add_table(document, value or {})
            else:
                self._add_value(document, key, value)

    def _add_rows(self, document: Document, key: str, rows: list[Any]) -> None:
        whole = self.values.setdefault(key, [])
        self._origins.setdefault((key,), (document, (key,)))
        rows_by_id = {_row_id(row): (key, number) for number, row in enumerate(whole)}
        for number, row in enumerate(rows):
            there = rows_by_id.get(_row_id(row))
            if there is not None:
                message = f"{key.removesuffix('s')} {_row_id(row)} is defined in {self._location_text(there)} already"
                self._add_problem(document, (key, number, "id"), message)
                continue
            self._origins[(key, len(whole))] = (document, (key, number))
            whole.append(row)

    def _add_table(self, document: Document, table: dict[str, Any]) -> None:
        whole = self.values.setdefault(_TABLE, {})
        self._origins.setdefault((_TABLE,), (document, (_TABLE,)))
        for name, value in table.items():
            path = (_TABLE, name)
            if name in whole:
                self._add_problem(document, path, f"{name} is declared in {self._location_text(path)} already")
                continue
            self._origins[path] = (document, path)
            whole[name] = value

    def _add_value(self, document: Document, key: str, value: Any) -> None:
        path = (key,)
        if key not in self.values:
            self.values[key] = value
            self._origins[path] = (document, path)
        elif self.values[key] != value or key == "salesforce":
            self._add_problem(document, path, f"{key} is given in {self._location_text(path)} already")

    def _add_problem(self, document: Document, path: DocumentPath, message: str) -> None:
        self.problems.append(DocumentProblem(document.file, document.line_of(path), path_text(path), message))

    def _location_text(self, path: DocumentPath) -> str:
        part, local = self.locate(path)
        return f"{part.file}:{part.line_of(local)}"


def _row_id(row: Any) -> object:
    """A row's id; for a row without one that is text, something that no other row has."""
    name = row.get("id") if isinstance(row, dict) else None
    return name if isinstance(name, str) else object()


def merge_documents(documents: Sequence[Document]) -> list[MergedDefinitions]:
    """One whole per account, accounts and pieces in the order they are met."""
    wholes: dict[str, MergedDefinitions] = {}
    for part in documents:
        named = part.values.get("account", DEFAULT_ACCOUNT)
        account = named if isinstance(named, str) else DEFAULT_ACCOUNT
        whole = wholes.setdefault(account, MergedDefinitions(account, {"account": named}))
        whole.add(part)
    return list(wholes.values())
