"""Custodians without a connector of their own: a JSON document says how their REST API is read."""
