"""The outside world: Salesforce, a sandbox for it, a local Kafka, a local Redis."""
