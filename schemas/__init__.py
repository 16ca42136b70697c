"""What travels: events, definitions, conditions, outputs. Imports nothing of ours."""
