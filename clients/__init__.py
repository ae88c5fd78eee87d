"""The real programs, driven against a running Passenger: installed from their registries, each doing a turn of work."""
