"""The paths of the page's files and forms, which the guard lets in without a key."""

FILES = ("page.css", "copy.js", "icon.svg")
FORMS = ("key", "leave", "login", "login/cancel")

OPEN = frozenset(f"/page/{name}" for name in (*FILES, *FORMS))
"""A form that does anything asks by itself for a key or a session."""
