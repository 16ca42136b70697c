"""The commands `leadstream salesforce`."""
