"""Commands that show what workers write, and how far they are."""
