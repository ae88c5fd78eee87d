"""Lasting wirings: what `passenger setup` writes into a client's own files, and how it proves that it works."""
