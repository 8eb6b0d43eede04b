"""Leveraged products and exchange-traded products that are run here."""
