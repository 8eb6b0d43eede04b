"""What facts do to books: quantities per wallet, folded in time."""
