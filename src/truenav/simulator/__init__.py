"""A deterministic venue on loopback: replayed market, exact accounts, the dialects of real venues.

The simulator shares no mathematics with the product: it folds a scenario's events into balances and
positions by its own arithmetic (:mod:`.ledger`) and knows the true equity of every account
(:mod:`.truth`). ``truenav simulator serve SCENARIO`` runs it; clients only change their base URL.
"""
