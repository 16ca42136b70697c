"""Reads a deployment's topics beside its workers. Only `releases` also writes."""
