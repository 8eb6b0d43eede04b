"""OTC desks and order and execution systems: drop copies by FIX, and statements as files."""
