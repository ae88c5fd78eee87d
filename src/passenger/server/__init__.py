"""The server of HTTP/1.1: sockets, connections of clients, and on each of them one request and its answer at a time."""
