"""Records of the sandbox: objects and fields, rows, and the checks that Salesforce makes before a write."""
