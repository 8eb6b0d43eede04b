"""The first page: what are we worth, what changed, what could hurt, what do we not know."""
