"""Changes definitions while events come in: are the memberships right, and are live events still prompt?"""
