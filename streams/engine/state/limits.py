"""How much is kept of one contact, so that its row and its hand-overs always fit into a record."""

from __future__ import annotations

MOST_PROPERTY_BYTES = 200_000
"""Of a contact's properties as JSON, together."""

MOST_COUNTED = 25_000
"""Numbers that all leaves on visits and activities together keep of a contact, about 14 bytes each."""

MOST_SCORES = 100
"""Named scores of a contact."""

MOST_NAMED_LEAVES = 20
"""Leaves that a segment change names."""

MOST_NAMED_VALUES = 10
"""Values of a list in such a leaf; the others are counted."""
