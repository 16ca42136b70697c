"""Leaves on visits and activities: filters, counts, windows, periods, sequences and times."""
