"""Coinbase Advanced Trade: spot accounts, US futures and staked assets of one portfolio."""
