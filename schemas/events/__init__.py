"""What comes in: one file per noun, one model per event type (SPEC section 2)."""
