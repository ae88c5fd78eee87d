"""Connections to the outside, and what they need."""
