"""Hand-overs: from a qualified lead to a Lead and a campaign member in Salesforce."""
