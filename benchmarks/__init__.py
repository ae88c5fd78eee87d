"""What Passenger costs: CPU time and memory as the operating system counts them, beside a bare relay's."""
