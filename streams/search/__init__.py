"""Evaluates conditions and free text once over all contacts of an account."""
