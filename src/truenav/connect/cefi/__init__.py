"""Centralised exchanges."""
