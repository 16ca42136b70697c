"""The engine without a worker: over a file of events, or over a broker's journal."""
