"""What Copilot is, as pure values and functions: its headers, tokens, models, and the quirks of its wire."""
