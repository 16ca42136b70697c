"""What the topics hold, read from their beginning by commands that ask; nothing here writes."""
