"""What is told while it happens: server-sent events, and what they say."""
