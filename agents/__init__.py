"""Agents: the thin ends of the machine, where the runtime meets Faust's topics."""
