"""Leveraged products from files: their rules, and the marks that they are run over."""
