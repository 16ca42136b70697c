"""The one home of the Kafka client: partitions, readers, batches, dead letters and topics."""
