"""Time in a deployment: claims, alignment, ticks and control records."""
