"""``python -m truenav``: the command line."""

from truenav.cli import main

main()
