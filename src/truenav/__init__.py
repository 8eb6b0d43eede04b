"""truenav: a fund's net asset value that anyone can check."""

__version__ = "0.1.0"
