"""Hands qualified leads over to Salesforce."""
