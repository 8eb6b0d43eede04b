"""Orders of ours at venues: limits, the executor that places and follows them, and what became of them."""
