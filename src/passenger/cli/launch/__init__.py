"""`passenger launch`: a client wired to Passenger for one run."""
