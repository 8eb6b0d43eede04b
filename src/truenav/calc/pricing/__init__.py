"""Marks, indices and numeraires: which price values each thing, and in what the result is shown."""
