"""Many contacts leave segments by time: is each exit exact, and how late is it published?"""
