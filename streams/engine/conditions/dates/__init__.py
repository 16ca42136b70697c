"""Dates in conditions: arithmetic, bounds, operators, zones and calendar days."""
