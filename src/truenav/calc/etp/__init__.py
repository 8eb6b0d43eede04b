"""Leveraged tokens and exchange-traded products: their state mark by mark, in theory, and explained."""
