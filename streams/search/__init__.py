"""Conditions and free text, evaluated once over all contacts of an account."""
