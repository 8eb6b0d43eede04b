"""Whether what is recorded explains what is held: checked with each gathering, kept as data issues."""
