"""Imported files: no host, no limits."""

from truenav.connect.contract import Manifest

MANIFEST = Manifest(name="files", title="File import", version="1", grade="gold", hosts={}, budgets=())
