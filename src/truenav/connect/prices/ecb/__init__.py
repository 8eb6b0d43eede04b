"""Euro reference rates of the European Central Bank."""
