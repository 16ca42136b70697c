"""Benchmarks on a real Kafka for what the product promises: they check exactness and report times."""
