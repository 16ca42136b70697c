"""Leads recomputed from the whole history of a contact."""
