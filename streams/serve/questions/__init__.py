"""Questions that take long, and texts that may: beside the loop that answers everybody else."""
