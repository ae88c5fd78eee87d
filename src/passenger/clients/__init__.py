"""The programs that Passenger can wire up: for one run (`launch`), or in their own settings (`setup`)."""
