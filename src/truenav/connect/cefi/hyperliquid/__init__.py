"""Hyperliquid: perpetuals, spot, staking and vaults of an address."""
