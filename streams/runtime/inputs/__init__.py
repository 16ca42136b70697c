"""The records that were fetched for a slot and are not committed yet."""
