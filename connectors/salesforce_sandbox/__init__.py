"""A stand-in Salesforce org: a real HTTP server with the part of the REST API that Leadstream uses."""
