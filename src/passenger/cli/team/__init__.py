"""`passenger users`, `keys` and `budget`: the people of a team, written into its own file on this machine."""
