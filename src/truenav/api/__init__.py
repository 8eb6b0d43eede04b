"""The HTTP face: puts the slices' routers together, and nothing else."""
