"""Commands that show what was refused, and send it again."""
