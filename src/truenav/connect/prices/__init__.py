"""Price sources that hold no account."""
