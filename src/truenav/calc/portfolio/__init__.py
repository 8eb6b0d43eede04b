"""Positions up the portfolio tree."""
