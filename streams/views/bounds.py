"""How much of history the read models keep (SPEC section 11: bounded)."""

from __future__ import annotations

TIMELINE_CHANGES = 200
"""The latest changes of one contact."""

ACCOUNT_CHANGES = 10_000
"""The latest changes of an account."""

SUBJECT_CHANGES = 1_000
"""The latest changes of one segment or campaign."""

MINUTES = 1_440
"""The latest minutes in which a segment changed."""

HOURS = 2_160
"""The latest hours in which a segment changed."""
