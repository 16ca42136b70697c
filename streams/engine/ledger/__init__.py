"""The ledger: what each opportunity contributes to its campaign's revenue, and the sums of that."""
