"""What a product went through, computed again: here from its journal, elsewhere from a signed bundle."""
