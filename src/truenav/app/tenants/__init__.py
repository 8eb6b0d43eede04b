"""Tenants of the installation: provisioned, suspended, exported, erased."""
