"""Every venue that ccxt knows, read through its unified rows."""
