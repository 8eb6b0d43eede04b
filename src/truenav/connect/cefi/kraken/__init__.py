"""Kraken spot: one account with margin positions and earn products."""
