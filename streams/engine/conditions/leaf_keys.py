"""Keys under which a contact's state stores what leaves count or hold.

Leaves that need the same state share a key: a hash of everything that decides that state. A key that changes in a new
version loses the state of every contact, so the hash covers operators as they are dumped by pydantic, without
those at their default:

- a new operator with a default changes no key;
- another default, name or JSON form of an operator changes keys, and needs a back-fill of every leaf that uses it;
- a new field of a visit or activity leaf outside its operators (as `within`) is not part of a key by itself: the
  leaf's compiler has to add it if it decides what is stored;
- where an engine version may decide another truth than the one before, the version is a part of the key, so that the
  state is counted anew from the journal when an account is raised to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from schemas.conditions import Operators, TagsLeaf
from schemas.definitions import PropertyType
from schemas.engine_versions import OLDEST_VERSION, EngineVersion


def leaf_key(*parts: Any) -> str:
    """Returns the key of a leaf's state: 12 hex digits, a hash of the parts (JSON values) that decide the state."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(canonical.encode("utf-8", "replace"), digest_size=6).hexdigest()


def operators_to_plain(operators: Operators | TagsLeaf) -> Any:
    """Returns operators as a JSON value, without those at their default."""
    return operators.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)


def held_key(
    identity: Operators | TagsLeaf, property_type: PropertyType | None, zone: str | None, version: EngineVersion
) -> str:
    """Returns the key of a `held_for` state; `version` is the oldest one that decides the leaf as the present does."""
    parts = ("held", operators_to_plain(identity), property_type, zone)
    return leaf_key(*parts) if version == OLDEST_VERSION else leaf_key(*parts, version)


def filter_to_plain(fields: Mapping[str, Operators], version: EngineVersion) -> Any:
    """Returns the part of a filter of events in a key: a JSON value that says which events match.

    No version decides otherwise than another about the empty filter.
    """
    plain = {key: operators_to_plain(operators) for key, operators in fields.items()}
    return plain if version == OLDEST_VERSION or not plain else {"fields": plain, "version": version}
