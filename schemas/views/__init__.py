"""Models of the read side: what `leadstream serve` answers, read from Redis (SPEC section 10)."""
