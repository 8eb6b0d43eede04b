"""Cobo: host and limits."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="cobo",
    title="Cobo",
    version="1",
    grade="silver",
    hosts={"api": "https://api.cobo.com"},
    budgets=(Budget("requests", 8, 1, per="key"),),
    credentials=("key", "secret"),
)
"""The key is the public half of the secret, both as hexadecimal digits."""
