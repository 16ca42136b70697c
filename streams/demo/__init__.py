"""The demo: sample definitions, a simulated company's traffic, and what happens to it, shown live."""
