"""Patterns of `matches` for RE2 with full Unicode case folding."""
