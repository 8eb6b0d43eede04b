"""Binance: spot, margin, futures, options, portfolio margin, funding and earn."""
