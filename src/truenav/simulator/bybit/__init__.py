"""The Bybit v5 dialect: public data, the unified trading account, the funding account and earn products."""
