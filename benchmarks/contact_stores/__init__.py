"""A million contacts in memory and on disk: memory, speed and restarts of one deployment's worker, in turns."""
