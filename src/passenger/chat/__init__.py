"""A chat in neutral form: the prompt going up, the events coming down, and what both are made of. Values only."""
