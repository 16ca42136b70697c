"""The outside world: Salesforce and its stand-in, a local Kafka, a local Redis."""
