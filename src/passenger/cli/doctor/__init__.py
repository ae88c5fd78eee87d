"""`passenger doctor`: checks everything between a client and Copilot, and says what to type."""
