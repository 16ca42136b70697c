"""Models of events: one file for each in-topic, one model for each event type (SPEC section 2)."""
