"""Opportunities: what Salesforce knows of sales, as events."""
