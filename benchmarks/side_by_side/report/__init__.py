"""Writes docs/performance.md and its plots from the figures of the benchmark."""
