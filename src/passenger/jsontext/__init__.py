"""JSON as bytes and as values: checked, read, and edited without touching the rest."""
