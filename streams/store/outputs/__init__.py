"""Reads the out-topics: as records that come, as lines for people, and as the tables they are."""
