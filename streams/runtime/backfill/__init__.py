"""The back-fill of a release, beside live traffic."""
