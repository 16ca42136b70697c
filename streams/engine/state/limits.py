"""The limits of a contact's state: its rows and its hand-overs always fit into a record."""

from __future__ import annotations

MAX_PROPERTY_BYTES = 200_000
"""The most bytes that all properties of a contact take as JSON."""

MAX_COUNTER_VALUES = 25_000
"""The most numbers in all counters of a contact together: an instant takes 14 bytes, a value of an event up to 24."""

MAX_NAMED_SCORES = 100
"""The most named scores of a contact."""

MAX_OUTPUT_LEAVES = 20
"""The most leaves that a segment change names."""

MAX_OUTPUT_LEAF_VALUES = 10
"""The most values of a list in such a leaf; of the others only the number is named."""
