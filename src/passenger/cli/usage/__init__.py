"""`passenger usage`: what was used and what it has cost, from the ledger."""
