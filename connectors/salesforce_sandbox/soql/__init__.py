"""Queries of the sandbox: the parts of SOQL that it understands."""
