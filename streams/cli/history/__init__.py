"""Commands that ask what would have been."""
