"""Edits of other programs' files that leave every other byte as it was, and that can be taken back."""
