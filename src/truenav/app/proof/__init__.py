"""What can be proved to somebody else: archives of one form, signed, and computed again."""
