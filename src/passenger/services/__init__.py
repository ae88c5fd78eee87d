"""Passenger as a service of the operating system: texts for its service manager, and where they are put."""
