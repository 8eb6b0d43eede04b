"""KuCoin: main, trade, margin, futures and earn accounts (classic)."""
