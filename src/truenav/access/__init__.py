"""Who may do what: users, passwords, sessions, tokens, and one authorisation decision for all rooms."""
