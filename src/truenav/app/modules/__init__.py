"""Modules of a tenant, switched on and off."""
