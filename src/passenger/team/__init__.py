"""The people who share one server: their keys, what those may be used for, and how much."""
