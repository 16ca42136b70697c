"""Explains why a contact is in a segment, or the state of its lead, with the same engine that decides."""
