"""`leadstream serve`: HTTP over the read models, and commands through the in-topics (SPEC section 10)."""
