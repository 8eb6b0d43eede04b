"""Fireblocks: vault accounts of a workspace."""
