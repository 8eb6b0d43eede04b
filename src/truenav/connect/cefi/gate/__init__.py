"""Gate API v4: spot, margin, unified, futures, delivery, options and earn account."""
