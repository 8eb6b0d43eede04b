"""Notices: telling people who are not looking, at least once, and not twice for the same thing."""
