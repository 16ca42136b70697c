"""Commands of the group `campaigns`."""
