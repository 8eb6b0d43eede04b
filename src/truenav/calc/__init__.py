"""The mathematics: pure functions, values or columns in, values out."""
