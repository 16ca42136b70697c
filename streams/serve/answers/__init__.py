"""What the HTTP API answers and takes, besides the models of the read side."""
