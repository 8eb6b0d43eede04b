"""Bitget (v2): classic accounts with spot, futures, margin, funding and earn wallets."""
