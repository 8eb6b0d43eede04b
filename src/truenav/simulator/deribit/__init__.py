"""Deribit v2 in the simulator."""
