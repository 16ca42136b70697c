"""What polls of opportunities take in a big org: requests, rows and memory for those that are ours."""
