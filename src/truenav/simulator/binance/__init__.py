"""The Binance dialect: spot, wallet (SAPI) and USD-M futures."""
