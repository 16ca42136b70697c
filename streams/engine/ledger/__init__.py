"""The ledger: what each opportunity contributes to its campaign's revenue, and the totals (SPEC section 8)."""
