"""How a deployment is: its workers, how far they are behind, and what holds time back."""
