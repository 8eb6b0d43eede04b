"""Pricing and NAV policies, numeraires, marks."""
