"""What every endpoint shares: secured routes, problem answers, exact numbers, pages, idempotency."""
