"""Side-by-side measurements: the product, its peers and the machine's limits, in one run."""
