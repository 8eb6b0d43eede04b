"""BitMEX v1: one wallet of several currencies, contracts and spot."""
