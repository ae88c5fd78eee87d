"""The ledger: what each answer has cost, in a private SQLite file. It holds no prompt, no path and no key."""
