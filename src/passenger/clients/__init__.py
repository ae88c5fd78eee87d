"""The programs that Passenger can wire up by itself: one data-like module each, and what they have in common."""
