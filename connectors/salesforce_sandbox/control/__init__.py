"""The control side of the sandbox, `/__sandbox__/`: what people, Apex and failures do in a real org."""
