"""Many contacts whose time runs out: is each exit exact, and how long after its instant is it out?"""
