"""How much is kept of one contact, so that its row and its hand-overs always fit into a record."""

from __future__ import annotations

MAX_PROPERTY_BYTES = 200_000
"""Of a contact's properties as JSON, together."""

MAX_COUNTER_VALUES = 25_000
"""Numbers that all leaves on visits and activities together keep of a contact, about 14 bytes each."""

MAX_NAMED_SCORES = 100
"""Named scores of a contact."""

MAX_OUTPUT_LEAVES = 20
"""Leaves that a segment change names."""

MAX_OUTPUT_LEAF_VALUES = 10
"""Values of a list in such a leaf; the others are counted."""
