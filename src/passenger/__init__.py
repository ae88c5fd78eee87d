"""Passenger turns a person's own GitHub Copilot subscription into the APIs their programs already speak."""

__version__ = "0.1.0"

DISTRIBUTION = "passenger"
"""The name this package is built under. It is not published in any index yet, so no text may tell anyone to
install it by name."""
