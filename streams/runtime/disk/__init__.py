"""Rows of contacts on local disk: a cache of the changelog that outlives the process."""
