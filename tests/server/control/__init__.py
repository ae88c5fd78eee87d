"""Tests of what our commands and our server have in common."""
