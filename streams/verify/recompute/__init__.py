"""Memberships and leads recomputed from the whole history, without state and without the engine, to check it."""
