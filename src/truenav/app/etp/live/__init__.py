"""The process that runs listed products: marks, deeds, hedges, and their journal."""
