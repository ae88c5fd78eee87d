"""JSON as text: what is known of it before anything of it is read."""
