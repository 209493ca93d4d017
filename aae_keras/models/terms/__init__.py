"""Terms that any setting may add to its objective, and what they are made of."""
