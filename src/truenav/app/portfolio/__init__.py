"""The portfolio tree, who feeds it, its share classes, and its figures."""
