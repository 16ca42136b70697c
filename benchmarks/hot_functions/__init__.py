"""A guard against getting slower: the instructions that hot functions execute, and their time beside a fixed loop."""
