"""Web search for models and clients that have none of their own: who searches, and what was found."""
