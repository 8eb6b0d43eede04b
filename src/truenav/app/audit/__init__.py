"""The audit trail: reading it and checking its chain."""
