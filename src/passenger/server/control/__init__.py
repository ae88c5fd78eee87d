"""What our own commands and our server have in common: how they know each other, and what they tell each other."""
