"""Kraken Futures: cash, multi-collateral and single-collateral margin accounts."""
