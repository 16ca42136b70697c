"""What other definitions would have done on a deployment's history, against what happened."""
