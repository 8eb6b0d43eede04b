"""Custodians: vaults, balances, transactions and approvals of whoever holds the keys for us."""
