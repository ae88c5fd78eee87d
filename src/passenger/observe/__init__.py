"""The log, and the record of each request."""
