"""The process that serves: its sockets, signals, workers, and how it stops."""
