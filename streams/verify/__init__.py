"""What the stream produced against what the journal says: memberships and leads recomputed in batch."""
