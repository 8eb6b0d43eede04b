"""Deribit v2: inverse and linear contracts, options and spot of one account."""
