"""Who we are to GitHub: logins, tokens, and where they are kept."""
