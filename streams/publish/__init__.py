"""Publishing: turns lines of files into events on the in-topics, on request in each contact's order."""
