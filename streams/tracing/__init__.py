"""Traces: the W3C headers of records, and spans of what Leadstream does for them (docs/decisions/0032)."""
