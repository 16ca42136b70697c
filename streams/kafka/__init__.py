"""Everything that talks to Kafka for several rooms: clients, readers, batches, dead letters, topics."""
