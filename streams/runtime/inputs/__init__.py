"""The records that a slot has fetched and not committed yet."""
