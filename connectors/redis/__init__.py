"""Redis: a server on this machine."""
