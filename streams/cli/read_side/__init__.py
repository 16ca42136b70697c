"""Commands of the read side: the read models in Redis."""
