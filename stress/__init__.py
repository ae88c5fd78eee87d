"""What Passenger withstands: a real process under load, faults and ill will, judged by what must hold at any speed."""
