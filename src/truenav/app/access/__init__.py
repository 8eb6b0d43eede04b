"""Log-in, one's own account and tokens, and the users of a tenant."""
