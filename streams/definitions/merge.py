"""Merges the documents of one account; each value remembers the document that it came from."""

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
    """The merged documents of one account, and the origin of each value."""

    account: str
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[DocumentProblem] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    _origins: dict[DocumentPath, tuple[Document, DocumentPath]] = field(default_factory=dict)
    """Path in `values` -> the document, and the path in it."""

    def locate(self, path: DocumentPath) -> tuple[Document, DocumentPath]:
        """Returns the document, and the path in it, of a path in `values`."""
        for length in (2, 1):
            origin = self._origins.get(path[:length])
            if origin is not None:
                return origin[0], (*origin[1], *path[length:])
        return self.documents[0], path

    def add(self, document: Document) -> None:
        """Merges a document; a value that two documents give differently, or define twice, becomes a problem."""
        self.documents.append(document)
        for key, value in document.values.items():
            if key in _ROWS and (value is None or isinstance(value, list)):
                self._add_rows(document, key, value or [])
            elif key == _TABLE and (value is None or isinstance(value, dict)):
                self._add_table(document, value or {})
            else:
                self._add_value(document, key, value)

    def _add_rows(self, document: Document, key: str, rows: list[Any]) -> None:
        merged_rows = self.values.setdefault(key, [])
        self._origins.setdefault((key,), (document, (key,)))
        rows_by_id = {_row_id(row): (key, number) for number, row in enumerate(merged_rows)}
        for number, row in enumerate(rows):
            path = rows_by_id.get(_row_id(row))
            if path is not None:
                message = f"{key.removesuffix('s')} {_row_id(row)} is defined in {self._location_text(path)} already"
                self._add_problem(document, (key, number, "id"), message)
                continue
            self._origins[(key, len(merged_rows))] = (document, (key, number))
            merged_rows.append(row)

    def _add_table(self, document: Document, table: dict[str, Any]) -> None:
        merged_table = self.values.setdefault(_TABLE, {})
        self._origins.setdefault((_TABLE,), (document, (_TABLE,)))
        for name, value in table.items():
            path = (_TABLE, name)
            if name in merged_table:
                self._add_problem(document, path, f"{name} is declared in {self._location_text(path)} already")
                continue
            self._origins[path] = (document, path)
            merged_table[name] = value

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
        document, local_path = self.locate(path)
        return f"{document.file}:{document.line_of(local_path)}"


def _row_id(row: Any) -> object:
    """Returns a row's id; an object that equals nothing else for a row without a text id."""
    name = row.get("id") if isinstance(row, dict) else None
    return name if isinstance(name, str) else object()


def merge_documents(documents: Sequence[Document]) -> list[MergedDefinitions]:
    """Returns one merge per account, in the order in which the documents name the accounts."""
    merged_definitions: dict[str, MergedDefinitions] = {}
    for document in documents:
        value = document.values.get("account", DEFAULT_ACCOUNT)
        account = value if isinstance(value, str) else DEFAULT_ACCOUNT
        merged = merged_definitions.setdefault(account, MergedDefinitions(account, {"account": value}))
        merged.add(document)
    return list(merged_definitions.values())
