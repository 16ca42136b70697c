"""Memberships from a contact's whole history, the simplest way: no state, nothing of the engine's, to check it by."""
