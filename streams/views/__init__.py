"""The read models in Redis: what the output topics say, in the order in which people ask (SPEC section 10)."""
