"""Keys under which the counts and held states of leaves are stored with a contact.

Identical leaves share a key; a key that moves loses what is stored under the former one.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from schemas.conditions import Operators, TagsLeaf


def leaf_key(*parts: Any) -> str:
    """The key under which a leaf's past is kept: a hash of what decides it."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(canonical.encode("utf-8", "replace"), digest_size=6).hexdigest()


def operators_to_plain(operators: Operators | TagsLeaf) -> Any:
    """Operators as a plain value, without what is left at its default."""
    return operators.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
