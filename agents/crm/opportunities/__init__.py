"""The polls of the orgs of a deployment, and the comparison of the ledger with them."""
