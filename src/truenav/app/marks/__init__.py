"""Live marks: prices as the venues tell them, for whoever is looking. Nothing of them is recorded."""
