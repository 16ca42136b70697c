"""A guard against getting slower: what hot functions cost, as ratios to a fixed loop in the same run."""
