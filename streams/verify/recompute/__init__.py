"""Memberships and leads from a whole history, the simplest way: no state, nothing of the engine's, to check it by."""
