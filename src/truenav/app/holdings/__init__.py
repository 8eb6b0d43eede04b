"""Holdings: what an investor owns of the funds, and nothing of what the funds own."""
