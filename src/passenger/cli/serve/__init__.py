"""`passenger serve`, `demo` and `simulate`: what runs until told to stop."""
