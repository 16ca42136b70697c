"""Conditions evaluated over the whole history of a contact, without state."""
