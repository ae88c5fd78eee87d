"""`passenger setup`: a client's own files wired to Passenger, until undone."""
