"""Brings opportunities back from Salesforce."""
