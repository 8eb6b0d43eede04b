"""Coinbase Prime: host and limits."""

from truenav.connect.contract import Budget, Manifest

MANIFEST = Manifest(
    name="coinbase_prime",
    title="Coinbase Prime",
    version="1",
    grade="silver",
    hosts={"api": "https://api.prime.coinbase.com"},
    budgets=(Budget("requests", 25, 1), Budget("portfolio", 20, 1, per="key")),
    credentials=("key", "secret", "passphrase"),
)
