"""Tests, one file for a file of the source."""
