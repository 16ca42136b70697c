"""The REST API of the sandbox: logins, single records, collections and queries."""
