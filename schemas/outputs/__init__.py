"""Models of outputs: one file for each subject, one model for each type of record (SPEC section 2)."""
