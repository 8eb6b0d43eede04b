"""The OKX v5 dialect: public data, the unified trading account and the funding account."""
