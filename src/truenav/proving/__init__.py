"""Product against truth: random worlds of simulated venues, lived through by the unmodified connectors.

One seed is one world. The simulator knows what every account truly holds, by arithmetic of its own; here the
product gathers, books and values the same accounts, in any weather, and both must agree to the last digit.
"""
