"""The page at `/` for people with a browser, rendered here from what the server knows of itself."""
