"""Exchange-traded products on a basket: daily lists, orders of authorised participants, indicative value."""
