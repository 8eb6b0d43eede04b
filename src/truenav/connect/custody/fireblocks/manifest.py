"""Fireblocks: host and limits."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="fireblocks",
    title="Fireblocks",
    version="1",
    grade="silver",
    hosts={"api": "https://api.fireblocks.io"},
    budgets=(Budget("vaults", 60, 60, per="key"), Budget("transactions", 60, 60, per="key")),
    credentials=("key", "secret"),
)
"""Workspaces in other regions have a base URL of their own (``https://eu-api.fireblocks.io``)."""
