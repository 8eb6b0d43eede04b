"""Telling people: mail and signed webhooks, to public addresses unless an administrator allowed the host."""
