"""Rewrites patterns of `matches` so that RE2 searches them with full Unicode case folding."""

EMPTY_PATTERN = "(?:)"
"""A pattern that matches the empty text."""
