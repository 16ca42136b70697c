"""Runs the engine on Kafka: slots, transactions, back-fills, claims and ticks."""
