"""Binance: spot, cross margin, USD-M and COIN-M futures."""
