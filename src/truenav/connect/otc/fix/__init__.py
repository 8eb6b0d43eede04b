"""FIX 4.4 drop copy: what a desk executed for us, message by message."""
