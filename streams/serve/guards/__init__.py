"""What every request passes before it reaches a route: log, limits, addresses, tokens, sizes."""
