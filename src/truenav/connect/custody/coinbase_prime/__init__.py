"""Coinbase Prime: portfolios, each a vault with its trading, vault and custody balances together."""
