"""Bybit v5: unified, funding and earn account."""
