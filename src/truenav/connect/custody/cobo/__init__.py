"""Cobo (WaaS 2.0): wallets of an organisation, asked with a small client of our own."""
