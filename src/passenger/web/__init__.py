"""The edge: HTTP in, HTTP out, and nothing that knows what a token is."""
