"""Hand-overs: who is kept back, what is told of a lead later, and what a lead keeps of the CRM's answers."""
