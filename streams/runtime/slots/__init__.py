"""Slots: their transactions, their restore at a take-over, and the manager of a worker's slots."""
