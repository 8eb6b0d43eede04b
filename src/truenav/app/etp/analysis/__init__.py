"""Leveraged products explained: by their rules, by replays, and by what a running one recorded."""
