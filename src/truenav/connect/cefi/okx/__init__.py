"""OKX v5: funding and trading account."""
