"""Net asset value: what a fund is worth, and how we know."""
