"""The worker process: its start, its supervisor, its name and its log."""
