"""The command `leadstream`, one file per command."""
