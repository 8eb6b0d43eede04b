"""The first run: organisation and administrator, then what is left to do."""
