"""NAV runs: struck, approved by a second person, published, restated, exported, verified."""
