"""The shell around the engine: slots, transactions, ticks, topics."""
