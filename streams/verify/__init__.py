"""Recomputes memberships and leads from the journal in batch, and compares them with what the stream produced."""
