"""What the stream produced against what the journal says: memberships recomputed in batch, leads replayed."""
