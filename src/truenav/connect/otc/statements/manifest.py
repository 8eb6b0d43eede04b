"""Statements: no host, no limits."""

from truenav.connect.contract import Manifest

MANIFEST = Manifest(
    name="statement", title="OTC statement", version="1", grade="silver", hosts={}, budgets=()
)
