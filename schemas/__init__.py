"""The data that crosses the boundary: events, definitions, conditions, outputs, topics. Imports no other package."""
