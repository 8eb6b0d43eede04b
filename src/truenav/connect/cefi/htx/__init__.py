"""HTX (once Huobi): spot and margin, USDT-margined contracts (v5), coin-margined swaps and futures."""
