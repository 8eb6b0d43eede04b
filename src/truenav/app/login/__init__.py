"""Log-in: passwords, second factors, passkeys, single sign-on, sessions, and links that let people in."""
