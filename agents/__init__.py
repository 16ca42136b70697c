"""The Faust agents, which forward fetched records to the slots, and the process for Salesforce (crm)."""
