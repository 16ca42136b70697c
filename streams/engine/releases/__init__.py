"""Releases of definitions: the log of them, a release compiled for decisions, and indexes over it."""
