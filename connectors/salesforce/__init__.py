"""The Salesforce connector: it sends qualified leads and reads opportunities."""
