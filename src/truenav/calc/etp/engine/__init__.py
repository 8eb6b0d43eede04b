"""The rules of a leveraged product over a history: one step, exact and compiled."""
