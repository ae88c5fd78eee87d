"""HTTP/1.1 with clients: a connection, and on it one request and its answer at a time. No route is known here."""
