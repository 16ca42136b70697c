"""The org: its login, its HTTP calls and its errors."""
