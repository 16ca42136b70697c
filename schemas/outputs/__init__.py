"""What goes out: one file per noun, one model per type of record (SPEC section 2)."""
