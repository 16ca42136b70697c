"""Commands of the read side: the HTTP API and the read models behind it."""
