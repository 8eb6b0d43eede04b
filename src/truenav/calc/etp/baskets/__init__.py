"""Exchange-traded products on a basket: lists, orders of authorised participants, indicative value."""
