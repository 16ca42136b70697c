"""Which column goes to which field: `contact`, `at`, `status` or the name of a property, with its type where said."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import cast, get_args

from schemas.definitions import PropertyType
from streams.definitions.document import UnreadableDocument
from streams.definitions.read import read_text
from streams.engine.state.properties import DERIVED_PROPERTIES
from streams.errors import DataError, UsageError

CONTACT = "contact"
AT = "at"
STATUS = "status"
FIELDS = (CONTACT, AT, STATUS)

_SIMILARITY = 0.8
"""Of two names, by difflib: `Land` and `land` are one word, `city` and `copy` are two."""


@dataclass(frozen=True, slots=True)
class TargetField:
    """Where a column's cells go; where `property_type` is None a property has its declared type."""

    name: str
    property_type: PropertyType | None = None


ColumnMapping = Mapping[str, TargetField]
"""Column -> its field."""


def parse_column_mapping(pairs: Iterable[tuple[str, str]]) -> dict[str, TargetField]:
    """Returns column -> field of pairs (column, `field` or `field:type`).

    Raises UsageError for a mapping that makes no sense.
    """
    mapping: dict[str, TargetField] = {}
    for column, target in pairs:
        name, colon, property_type = target.partition(":")
        if not column or not name:
            raise UsageError(f"{column}={target}: a column is mapped as column=field or column=field:type")
        if colon and property_type not in get_args(PropertyType):
            raise UsageError(
                f"{column}={target}: {property_type!r} is no type; there are {', '.join(get_args(PropertyType))}"
            )
        if colon and name in FIELDS:
            raise UsageError(f"{column}={target}: {name} is no property and takes no type; write {column}={name}")
        if column in mapping:
            raise UsageError(f"the column {column!r} is mapped twice")
        if name in DERIVED_PROPERTIES:
            raise UsageError(f"{column}={target}: {name} is derived from other properties and cannot be set")
        mapping[column] = TargetField(name, cast(PropertyType, property_type) if colon else None)
    counts = Counter(field.name for field in mapping.values())
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise UsageError(f"two columns are mapped to {repeated[0]}")
    if CONTACT not in counts:
        raise UsageError(f"no column is mapped to contact; the contact's id is needed{_contact_hint(mapping)}")
    return mapping


def _contact_hint(mapping: ColumnMapping) -> str:
    for column, field in mapping.items():
        if _plain(field.name) == CONTACT:
            return f"; is --map {_shell_pair(column, CONTACT)} meant?"
    for column, field in mapping.items():
        if _plain(column) == CONTACT:
            return f"; in --map {_shell_pair(column, field.name)} the column is {column!r}: it stands before the ="
    return "; --map COLUMN=contact names its column"


def _shell_pair(column: str, target: str) -> str:
    """Returns a pair as it is typed in a shell."""
    return shlex.quote(f"{column}={target}")


def parse_column_pair(text: str) -> tuple[str, str]:
    """Splits `column=field`; a column may contain `=`, a field may not. Raises UsageError."""
    column, equals, field = text.rpartition("=")
    if not equals:
        raise UsageError(f"{text!r}: a column is mapped as column=field")
    return column.strip(), field.strip()


def require_properties(mapping: ColumnMapping, property_types: Mapping[str, PropertyType]) -> Sequence[str]:
    """Returns the properties that no account declares and that have no type in the mapping either: they are text.

    Raises UsageError for a type that is not the declared one, and for a name that is nearly that of another field.
    """
    undeclared = []
    for column, field in mapping.items():
        declared = property_types.get(field.name)
        if None not in (field.property_type, declared) and field.property_type != declared:
            raise UsageError(f"{column}={field.name}:{field.property_type}: {field.name} is of the type {declared}")
        if field.property_type is None and declared is None and field.name not in FIELDS:
            _refuse_near_name(column, field.name, [*FIELDS, *property_types])
            undeclared.append(field.name)
    return undeclared


def _refuse_near_name(column: str, name: str, known_names: Sequence[str]) -> None:
    plain_names = {_plain(known): known for known in known_names}
    close = get_close_matches(_plain(name), list(plain_names), n=1, cutoff=_SIMILARITY)
    if close:
        known = plain_names[close[0]]
        raise UsageError(
            f"{column}={name}: there is no property {name}; did you mean --map {_shell_pair(column, known)}?"
            f" --map {_shell_pair(column, f'{name}:text')} makes a new property"
        )


def _plain(name: str) -> str:
    """Returns what two spellings of a name have in common: `First Name` is `first_name`."""
    return "".join(character for character in name.casefold() if character.isalnum())


def read_mapping_file(path: Path) -> list[tuple[str, str]]:
    """Returns the pairs (column, field) of a YAML or JSON file, in its order. Raises DataError."""
    try:
        documents = read_text(str(path), path.read_text("utf-8-sig"), as_json=path.suffix.lower() == ".json")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, UnreadableDocument) as error:
        raise DataError(f"{path}: a mapping has a line `column: field` for each column: {error}") from error
    document = documents[0]
    for column, field in document.values.items():
        if not isinstance(field, str):
            raise DataError(f"{path}:{document.line_of((column,))}: {column} is mapped to no name of a field")
    return list(document.values.items())
