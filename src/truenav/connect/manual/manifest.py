"""Manual entries: no host, no limits."""

from truenav.connect.contract import Manifest

MANIFEST = Manifest(name="manual", title="Manual entry", version="1", grade="gold", hosts={}, budgets=())
