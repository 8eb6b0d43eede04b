"""A leveraged product that is run: mark by mark, with its orders, its units and its disclosure."""
