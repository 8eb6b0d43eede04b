"""Where pure functions run: in this process, or over several."""
