"""The demo: sample definitions, the traffic of a simulated company, and a live view of the results."""
