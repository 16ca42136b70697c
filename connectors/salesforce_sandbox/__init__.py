"""The sandbox: a Salesforce org on this machine, as an HTTP server with the REST calls that Leadstream uses."""
