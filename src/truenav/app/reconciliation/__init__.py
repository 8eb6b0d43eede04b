"""Whether facts explain balances, and whether every transfer between own accounts has both its legs."""
