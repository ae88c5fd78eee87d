"""`passenger launch` and `passenger setup`, tried with the real programs."""
