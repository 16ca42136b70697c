"""Salesforce: qualified leads go there, opportunities come back."""
