"""Reads what was refused, and sends it again, mended or as it is, once."""
