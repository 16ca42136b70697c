"""The read models in Redis: a rebuild, a page, and the time from a commit until it is seen."""
